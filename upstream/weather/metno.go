package weather

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// METNorwayAttribution must be shown with MET Norway's data (licence).
const METNorwayAttribution = "Data from MET Norway (CC BY 4.0)"

const (
	// metnoHorizon is how many hours of the series can become the current weather. It
	// must exceed the half hour after which MET is asked again.
	metnoHorizon = 5 * time.Hour

	// metnoRenewable is the greatest age of the entry for now at which a 304 may renew
	// the report: entries are an hour apart, plus some room.
	metnoRenewable = 90 * time.Minute
)

// METNorway gets MET Norway's Locationforecast. Its current weather is the latest
// entry of the forecast whose time is not after now; the whole of it is in
// Report.Forecast, so that both need one call.
// https://docs.api.met.no/doc/locationforecast/HowTO.html
func METNorway() upstream.Spec[Place, *Report] {
	return upstream.Spec[Place, *Report]{
		Name:  "metno",
		Route: "/weatherapi/locationforecast/2.0/compact",
		Key:   Place.Key,
		Request: func(ctx context.Context, p Place) (*http.Request, error) {
			// More than four decimals would be answered with a 403.
			return aggregate.Get(ctx, "/weatherapi/locationforecast/2.0/compact?"+p.Query("lat", "lon"))
		},
		Decode: decodeMETNorway,
		Refusal: func(r upstream.Response) *upstream.Error {
			if r.Status == http.StatusUnprocessableEntity {
				return notCovered(r.Status)
			}
			return nil
		},
		Renewable: func(r *Report, now time.Time) bool {
			return now.Sub(r.At(now).ObservedAt) <= metnoRenewable
		},
		ObeyExpires: true,                  // https://api.met.no/doc/TermsOfService
		Forbidden:   upstream.ThisUpstream, // a ban, which more calls would make permanent
		MinFresh:    MinFresh,
	}
}

type metnoAnswer struct {
	Properties struct {
		Meta object[struct {
			Units object[units] `json:"units"`
		}] `json:"meta"`
		Timeseries metnoSeries `json:"timeseries"`
	} `json:"properties"`
}

type metnoEntry struct {
	Time text           `json:"time"`
	Data jsontext.Value `json:"data"` // decoded later as a metnoData
}

type metnoData struct {
	Instant object[struct {
		Details object[metnoDetails] `json:"details"`
	}] `json:"instant"`
	Next1Hours  object[metnoPeriod] `json:"next_1_hours"` // absent in later entries
	Next6Hours  object[metnoPeriod] `json:"next_6_hours"`
	Next12Hours object[metnoPeriod] `json:"next_12_hours"`
}

type metnoDetails struct {
	AirPressureAtSeaLevel number `json:"air_pressure_at_sea_level"`
	AirTemperature        number `json:"air_temperature"`
	CloudAreaFraction     number `json:"cloud_area_fraction"`
	DewPointTemperature   number `json:"dew_point_temperature"` // only in the complete format
	RelativeHumidity      number `json:"relative_humidity"`
	WindFromDirection     number `json:"wind_from_direction"`
	WindSpeed             number `json:"wind_speed"`
	WindSpeedOfGust       number `json:"wind_speed_of_gust"` // only in the complete format, for some places
}

type metnoPeriod struct {
	Summary object[struct {
		SymbolCode text `json:"symbol_code"`
	}] `json:"summary"`
	Details object[struct {
		PrecipitationAmount number `json:"precipitation_amount"`
	}] `json:"details"`
}

func (p *metnoPeriod) symbol() string { return string(p.Summary.Value.SymbolCode) }

func decodeMETNorway(r upstream.Response) (*Report, error) {
	var a metnoAnswer
	series := &a.Properties.Timeseries
	series.now = r.At
	if err := upstream.DecodeJSON(r.Body, '{', &a); err != nil {
		return nil, err
	}
	if err := series.unusable(); err != nil {
		return nil, err
	}
	declared := a.Properties.Meta.Value.Units.Value
	first, err := series.kept[0].report(declared)
	if err != nil {
		return nil, err
	}
	if err := first.validate(r.At); err != nil {
		return nil, err
	}
	last := first
	for _, e := range series.kept[1:] {
		report, err := e.report(declared)
		if err != nil || report.checkTemperature() != nil {
			break // a later entry is unreadable, so the series ends before it
		}
		report.dropImpossible()
		last.Next, last = report, report
	}
	first.Forecast = series.forecast(declared)
	return first, nil
}

// metnoSeries decodes the series. An unreadable entry is ignored if a readable one
// after it shows that its time has passed; otherwise the series ends before it.
type metnoSeries struct {
	now  time.Time     // set before decoding
	kind jsontext.Kind // kind of the JSON value; 0: absent
	all  []metnoTimed
	kept []metnoTimed // the entry for now and those of the hours after it
	last time.Time    // time of the last entry read
	gap  error        // why the entry after the kept ones is unreadable
	over bool         // the series has ended
}

// metnoTimed is an entry with its parsed time.
type metnoTimed struct {
	at   time.Time
	data jsontext.Value
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (s *metnoSeries) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*s = metnoSeries{now: s.now, kind: d.PeekKind()}
	if s.kind != jsontext.KindBeginArray {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndArray {
		if s.over {
			if err := d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		var e object[metnoEntry]
		if err := json.UnmarshalDecode(d, &e); err != nil {
			return err
		}
		s.add(e.Value)
	}
	_, err := d.ReadToken()
	return err
}

func (s *metnoSeries) add(e metnoEntry) {
	at, err := time.Parse(time.RFC3339, string(e.Time))
	at = at.UTC()
	switch entry := (metnoTimed{at, e.Data}); {
	case err != nil:
		s.gap = errors.New("timeseries: the time of an entry is not an RFC 3339 time")
	case !at.After(s.last):
		s.gap = errors.New("timeseries: not in the order of time")
	case !at.After(s.now): // an entry for now replaces earlier ones
		s.kept, s.gap, s.last = append(s.kept[:0], entry), nil, at
		s.all = append(s.all, entry)
	case s.gap != nil:
		s.over = true
	default:
		if len(s.kept) == 0 || at.Sub(s.kept[0].at) <= metnoHorizon {
			s.kept = append(s.kept, entry)
		}
		s.all, s.last = append(s.all, entry), at
	}
}

// unusable returns why there is no entry for now, or nil.
func (s *metnoSeries) unusable() error {
	switch {
	case s.kind != jsontext.KindBeginArray:
		return aggregate.Unusable("properties.timeseries", s.kind)
	case len(s.kept) > 0:
		return nil
	case s.gap != nil:
		return s.gap
	}
	return upstream.Errorf(upstream.CodeNoData, "no value now: the time series is empty")
}

func (e metnoTimed) report(u units) (*Report, error) {
	var data metnoData
	if err := upstream.DecodeJSON(e.data, '{', &data); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	details := data.Instant.Value.Details
	if details.Kind != jsontext.KindBeginObject {
		return nil, aggregate.Unusable("instant.details", details.Kind)
	}
	d := &details.Value
	if !d.AirTemperature.Given() { // MET leaves out what it has no value for
		return nil, upstream.Errorf(upstream.CodeNoData, "no value now: the entry for now has no air_temperature")
	}
	temperature, err := u.Require("air_temperature", d.AirTemperature, toCelsius)
	if err != nil {
		return nil, err
	}
	condition, isDay := data.symbol()
	return &Report{
		ObservedAt:            e.at,
		Temperature:           temperature,
		DewPoint:              u.Read("dew_point_temperature", d.DewPointTemperature, toCelsius),
		Humidity:              u.Read("relative_humidity", d.RelativeHumidity, toPercent),
		Pressure:              u.Read("air_pressure_at_sea_level", d.AirPressureAtSeaLevel, toHPa),
		WindSpeed:             u.Read("wind_speed", d.WindSpeed, toMPS),
		WindGust:              u.Read("wind_speed_of_gust", d.WindSpeedOfGust, toMPS),
		WindDirection:         u.Read("wind_from_direction", d.WindFromDirection, toDegrees),
		CloudCover:            u.Read("cloud_area_fraction", d.CloudAreaFraction, toPercent),
		PrecipitationNextHour: u.Read("precipitation_amount", data.Next1Hours.Value.Details.Value.PrecipitationAmount, toMM),
		Condition:             condition,
		IsDay:                 isDay,
	}, nil
}

// symbol returns the condition of the shortest period that has one. Only the next
// hour's symbol tells day from night: longer periods contain both.
func (d *metnoData) symbol() (Condition, *bool) {
	if code := d.Next1Hours.Value.symbol(); code != "" {
		return metnoCondition(code)
	}
	for _, p := range [...]*metnoPeriod{&d.Next6Hours.Value, &d.Next12Hours.Value} {
		if code := p.symbol(); code != "" {
			condition, _ := metnoCondition(code)
			return condition, nil
		}
	}
	return Unknown, nil
}

// metnoCondition maps every symbol code, including two misspelled ones (with a double
// s). In polar twilight it is neither day nor night.
// https://api.met.no/weatherapi/weathericon/2.0/documentation
func metnoCondition(symbol string) (Condition, *bool) {
	base, light, _ := strings.Cut(symbol, "_")
	var isDay *bool
	switch light {
	case "day":
		isDay = new(true)
	case "night":
		isDay = new(false)
	case "", "polartwilight":
	default:
		return Unknown, nil
	}
	return metnoBase(base), isDay
}

func metnoBase(base string) Condition {
	switch base {
	case "clearsky":
		return Clear
	case "fair":
		return MostlyClear
	case "partlycloudy":
		return PartlyCloudy
	case "cloudy":
		return Cloudy
	case "fog":
		return Fog
	case "lightrain", "rain", "heavyrain":
		return Rain
	case "lightrainshowers", "rainshowers", "heavyrainshowers":
		return RainShowers
	case "lightsleet", "sleet", "heavysleet",
		"lightsleetshowers", "sleetshowers", "heavysleetshowers":
		return Sleet
	case "lightsnow", "snow", "heavysnow":
		return Snow
	case "lightsnowshowers", "snowshowers", "heavysnowshowers":
		return SnowShowers
	case "lightrainandthunder", "rainandthunder", "heavyrainandthunder",
		"lightrainshowersandthunder", "rainshowersandthunder", "heavyrainshowersandthunder",
		"lightsleetandthunder", "sleetandthunder", "heavysleetandthunder",
		"lightsleetshowersandthunder", "lightssleetshowersandthunder", "sleetshowersandthunder", "heavysleetshowersandthunder",
		"lightsnowandthunder", "snowandthunder", "heavysnowandthunder",
		"lightsnowshowersandthunder", "lightssnowshowersandthunder", "snowshowersandthunder", "heavysnowshowersandthunder":
		return Thunderstorm
	}
	return Unknown
}
