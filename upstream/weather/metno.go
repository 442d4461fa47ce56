package weather

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tributary/upstream"
)

// METNorwayAttribution is what MET Norway's licence wants beside its data.
const METNorwayAttribution = "Data from MET Norway (CC BY 4.0)"

const (
	// metnoHorizon is how much of the series is kept beyond the current
	// entry: well past the half hour after which MET wants to be asked again.
	metnoHorizon = 5 * time.Hour

	// metnoRenewable is how old the entry that speaks of now may be for a 304
	// to be believed: an hour between entries, and some room.
	metnoRenewable = 90 * time.Minute
)

// METNorway asks MET Norway's Locationforecast. It forecasts; what it says of
// now is the latest entry of its series whose time has come.
// https://docs.api.met.no/doc/locationforecast/HowTO.html
func METNorway() upstream.Spec[Place, *Report] {
	return upstream.Spec[Place, *Report]{
		Name:  "metno",
		Route: "/weatherapi/locationforecast/2.0/compact",
		Key:   Place.Key,
		Request: func(ctx context.Context, p Place) (*http.Request, error) {
			// More than four decimals would be answered with a 403.
			return get(ctx, "/weatherapi/locationforecast/2.0/compact?lat="+degrees(p.Latitude)+"&lon="+degrees(p.Longitude))
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
		ObeyExpires: true, // https://api.met.no/doc/TermsOfService
	}
}

type metnoAnswer struct {
	Properties struct {
		Meta struct {
			Units map[string]string `json:"units"`
		} `json:"meta"`
		Timeseries []metnoEntry `json:"timeseries"`
	} `json:"properties"`
}

type metnoEntry struct {
	Time string          `json:"time"`
	Data json.RawMessage `json:"data"` // a metnoData, read of the few entries that are kept
}

type metnoData struct {
	Instant struct {
		Details struct {
			AirPressureAtSeaLevel *float64 `json:"air_pressure_at_sea_level"`
			AirTemperature        *float64 `json:"air_temperature"`
			CloudAreaFraction     *float64 `json:"cloud_area_fraction"`
			DewPointTemperature   *float64 `json:"dew_point_temperature"` // only in complete
			RelativeHumidity      *float64 `json:"relative_humidity"`
			WindFromDirection     *float64 `json:"wind_from_direction"`
			WindSpeed             *float64 `json:"wind_speed"`
			WindSpeedOfGust       *float64 `json:"wind_speed_of_gust"` // only in complete, and not everywhere
		} `json:"details"`
	} `json:"instant"`
	Next1Hours  metnoPeriod `json:"next_1_hours"` // absent later in the series
	Next6Hours  metnoPeriod `json:"next_6_hours"`
	Next12Hours metnoPeriod `json:"next_12_hours"`
}

type metnoPeriod struct {
	Summary struct {
		SymbolCode string `json:"symbol_code"`
	} `json:"summary"`
	Details struct {
		PrecipitationAmount *float64 `json:"precipitation_amount"`
	} `json:"details"`
}

func decodeMETNorway(r upstream.Response) (*Report, error) {
	var a metnoAnswer
	if err := decodeJSON(r.Body, &a); err != nil {
		return nil, err
	}
	kept, err := metnoSince(a.Properties.Timeseries, r.At)
	if err != nil {
		return nil, err
	}
	var first *Report
	for last := &first; len(kept) > 0; kept = kept[1:] {
		report, err := kept[0].report(a.Properties.Meta.Units)
		if err != nil {
			return nil, err
		}
		*last, last = report, &report.Next
	}
	if err := first.validate(r.At); err != nil {
		return nil, err
	}
	return first, nil
}

// metnoTimed is an entry with its time read.
type metnoTimed struct {
	at   time.Time
	data json.RawMessage
}

// metnoSince cuts the series down to the entry that speaks of now and those of
// the hours after it. A series that begins later than now is cut at its
// beginning, for validation to judge.
func metnoSince(series []metnoEntry, now time.Time) ([]metnoTimed, error) {
	if len(series) == 0 {
		return nil, errors.New("timeseries: missing or empty")
	}
	var kept []metnoTimed
	for _, e := range series {
		at, err := time.Parse(time.RFC3339, e.Time)
		if err != nil {
			return nil, errors.New("time: not an RFC 3339 time")
		}
		at = at.UTC()
		if len(kept) > 0 && !at.After(kept[len(kept)-1].at) {
			return nil, errors.New("timeseries: not in the order of time")
		}
		if !at.After(now) {
			kept = kept[:0] // a later entry has come too
		}
		if len(kept) > 0 && at.Sub(kept[0].at) > metnoHorizon {
			break
		}
		kept = append(kept, metnoTimed{at, e.Data})
	}
	return kept, nil
}

func (e metnoTimed) report(units map[string]string) (*Report, error) {
	var data metnoData
	if err := decodeJSON(e.data, &data); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	d, u := &data.Instant.Details, unitReader{declared: units}
	condition, isDay := data.symbol()
	report := &Report{
		ObservedAt:            e.at,
		Temperature:           u.read("air_temperature", d.AirTemperature, toCelsius),
		DewPoint:              u.read("dew_point_temperature", d.DewPointTemperature, toCelsius),
		Humidity:              u.read("relative_humidity", d.RelativeHumidity, toPercent),
		Pressure:              u.read("air_pressure_at_sea_level", d.AirPressureAtSeaLevel, toHPa),
		WindSpeed:             u.read("wind_speed", d.WindSpeed, toMPS),
		WindGust:              u.read("wind_speed_of_gust", d.WindSpeedOfGust, toMPS),
		WindDirection:         u.read("wind_from_direction", d.WindFromDirection, toDegrees),
		CloudCover:            u.read("cloud_area_fraction", d.CloudAreaFraction, toPercent),
		PrecipitationNextHour: u.read("precipitation_amount", data.Next1Hours.Details.PrecipitationAmount, toMM),
		Condition:             condition,
		IsDay:                 isDay,
	}
	return report, u.err
}

// symbol reads the symbol of the shortest period that has one. Day or night is
// that of the next hour only: the half day to come has its own.
func (d *metnoData) symbol() (Condition, *bool) {
	if code := d.Next1Hours.Summary.SymbolCode; code != "" {
		return metnoCondition(code)
	}
	for _, p := range [...]*metnoPeriod{&d.Next6Hours, &d.Next12Hours} {
		if p.Summary.SymbolCode != "" {
			condition, _ := metnoCondition(p.Summary.SymbolCode)
			return condition, nil
		}
	}
	return Unknown, nil
}

// metnoCondition reads the symbol codes, all of them, two official slips of
// the pen (a double s) with what they were meant to be. In the polar twilight
// it is neither day nor night.
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
