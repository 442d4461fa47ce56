package weather

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// OpenMeteoAttribution must be shown with Open-Meteo's data (licence).
const OpenMeteoAttribution = "Weather data by Open-Meteo.com (CC BY 4.0)"

// MinFresh is the least time between two requests for one place, whatever
// lifetime a provider gives.
const MinFresh = 30 * time.Second

// openMeteoVariables are the current values that Report has a field for. Sums and
// gusts cover the last interval of 15 minutes.
const openMeteoVariables = "temperature_2m,relative_humidity_2m,apparent_temperature,dew_point_2m,is_day," +
	"precipitation,weather_code,cloud_cover,pressure_msl,wind_speed_10m,wind_direction_10m,wind_gusts_10m,visibility"

const (
	openMeteoQuery = "&current=" + openMeteoVariables + openMeteoUnits
	openMeteoUnits = "&temperature_unit=celsius&wind_speed_unit=ms&precipitation_unit=mm&timeformat=unixtime"
)

// OpenMeteo gets the current weather from Open-Meteo's forecast API.
// https://open-meteo.com/en/docs
//
// Times are requested in unix time, so only the name of the time zone is used. For
// regions where Open-Meteo refuses timezone=auto, it is omitted.
func OpenMeteo() upstream.Spec[Place, *PackedReport] { return OpenMeteoBatch().Spec }

// OpenMeteoBatch is OpenMeteo for many places in one call.
func OpenMeteoBatch() upstream.BatchSpec[Place, *PackedReport] {
	noZone := newZonelessRegions()
	return OpenMeteoMany(upstream.Spec[Place, *PackedReport]{
		Name:      "openmeteo",
		Route:     "/v1/forecast",
		Key:       Place.Key,
		Decode:    packed(decodeOpenMeteo),
		Refusal:   OpenMeteoRefusal,
		Again:     noZone.again,
		Weight:    OpenMeteoWeight(openMeteoVariables),
		Forbidden: upstream.ThisSource, // a 403 is about our key or plan
		MinFresh:  MinFresh,
	}, noZone.query(openMeteoQuery))
}

// OpenMeteoWeight is what one request for a place with a comma list of variables
// counts in Open-Meteo's quota: one call for every ten variables, and at least
// one (calculateQueryWeight in Sources/App/Helper/Writer/ForecastApiResult.swift).
func OpenMeteoWeight(variables string) float64 {
	return max(1, float64(1+strings.Count(variables, ","))/10)
}

type openMeteoAnswer struct {
	OpenMeteoClock
	Timezone     text                     `json:"timezone"`
	CurrentUnits object[units]            `json:"current_units"`
	Current      object[openMeteoCurrent] `json:"current"`

	// The older form of the block, sent for current_weather.
	OldUnits object[units]               `json:"current_weather_units"`
	Old      object[openMeteoOldWeather] `json:"current_weather"`
}

type openMeteoCurrent struct {
	Time                jsontext.Value `json:"time"`
	Interval            number         `json:"interval"`
	Temperature2m       number         `json:"temperature_2m"`
	RelativeHumidity2m  number         `json:"relative_humidity_2m"`
	ApparentTemperature number         `json:"apparent_temperature"`
	DewPoint2m          number         `json:"dew_point_2m"`
	IsDay               number         `json:"is_day"`
	Precipitation       number         `json:"precipitation"`
	WeatherCode         number         `json:"weather_code"`
	CloudCover          number         `json:"cloud_cover"`
	PressureMSL         number         `json:"pressure_msl"`
	WindSpeed10m        number         `json:"wind_speed_10m"`
	WindDirection10m    number         `json:"wind_direction_10m"`
	WindGusts10m        number         `json:"wind_gusts_10m"`
	Visibility          number         `json:"visibility"`
}

type openMeteoOldWeather struct {
	Time          jsontext.Value `json:"time"`
	Temperature   number         `json:"temperature"`
	WindSpeed     number         `json:"windspeed"`
	WindDirection number         `json:"winddirection"`
	IsDay         number         `json:"is_day"`
	WeatherCode   number         `json:"weathercode"`
}

func decodeOpenMeteo(r upstream.Response) (*Report, error) {
	var a openMeteoAnswer
	if err := upstream.DecodeJSON(r.Body, '{', &a); err != nil {
		return nil, err
	}
	report, err := a.report()
	if err != nil {
		return nil, err
	}
	if err := report.validate(r.At); err != nil {
		return nil, err
	}
	return report, nil
}

func (a *openMeteoAnswer) report() (*Report, error) {
	switch {
	case a.Current.Kind == jsontext.KindBeginObject:
		return a.currentReport()
	case a.Old.Kind == jsontext.KindBeginObject:
		return a.oldReport()
	}
	return nil, aggregate.Unusable("current", cmp.Or(a.Current.Kind, a.Old.Kind))
}

func (a *openMeteoAnswer) currentReport() (*Report, error) {
	c, u := &a.Current.Value, a.CurrentUnits.Value
	temperature, temperatureErr := u.Require("temperature_2m", c.Temperature2m, toCelsius)
	observedAt, timeErr := a.Time(c.Time)
	if err := cmp.Or(temperatureErr, timeErr); err != nil {
		return nil, err
	}
	return &Report{
		ObservedAt:    observedAt,
		Temperature:   temperature,
		FeelsLike:     u.Read("apparent_temperature", c.ApparentTemperature, toCelsius),
		DewPoint:      u.Read("dew_point_2m", c.DewPoint2m, toCelsius),
		Humidity:      u.Read("relative_humidity_2m", c.RelativeHumidity2m, toPercent),
		Pressure:      u.Read("pressure_msl", c.PressureMSL, toHPa),
		WindSpeed:     u.Read("wind_speed_10m", c.WindSpeed10m, toMPS),
		WindGust:      u.Read("wind_gusts_10m", c.WindGusts10m, toMPS),
		WindDirection: u.Read("wind_direction_10m", c.WindDirection10m, toDegrees),
		CloudCover:    u.Read("cloud_cover", c.CloudCover, toPercent),
		Precipitation: hourly(u.Read("precipitation", c.Precipitation, toMM), u.Read("interval", c.Interval, toSeconds)),
		Visibility:    u.Read("visibility", c.Visibility, toMetres),
		Condition:     wmoCondition(c.WeatherCode.Pointer()),
		IsDay:         dayOrNight(c.IsDay),
		Timezone:      zoneName(a.Timezone),
	}, nil
}

func (a *openMeteoAnswer) oldReport() (*Report, error) {
	o, u := &a.Old.Value, a.OldUnits.Value
	temperature, temperatureErr := u.Require("temperature", o.Temperature, toCelsius)
	observedAt, timeErr := a.Time(o.Time)
	if err := cmp.Or(temperatureErr, timeErr); err != nil {
		return nil, err
	}
	return &Report{
		ObservedAt:    observedAt,
		Temperature:   temperature,
		WindSpeed:     u.Read("windspeed", o.WindSpeed, toMPS),
		WindDirection: u.Read("winddirection", o.WindDirection, toDegrees),
		Condition:     wmoCondition(o.WeatherCode.Pointer()),
		IsDay:         dayOrNight(o.IsDay),
		Timezone:      zoneName(a.Timezone),
	}, nil
}

// OpenMeteoClock is the part of an answer of Open-Meteo by which its times are
// read.
type OpenMeteoClock struct {
	UTCOffsetSeconds number `json:"utc_offset_seconds"`
}

// Time reads a unix number, which is UTC whatever time zone was asked for, or
// local text without an offset: "2026-01-16T22:15".
func (c *OpenMeteoClock) Time(raw jsontext.Value) (time.Time, error) {
	if kind := raw.Kind(); kind != jsontext.KindString {
		var seconds number
		if len(raw) > 0 {
			_ = json.Unmarshal(raw, &seconds) // cannot fail: raw is valid JSON, and number accepts any value
		}
		return aggregate.UnixTime("time", seconds)
	}
	var local string
	_ = json.Unmarshal(raw, &local)
	t, err := time.Parse("2006-01-02T15:04", local)
	if err != nil {
		return time.Time{}, errors.New("time: neither a unix time nor a local one")
	}
	const day = 24 * 60 * 60
	offset := c.UTCOffsetSeconds
	if !offset.Known {
		return time.Time{}, aggregate.Unusable("utc_offset_seconds", offset.Kind)
	}
	if !(offset.Value > -day && offset.Value < day) {
		return time.Time{}, fmt.Errorf("utc_offset_seconds: %g is more than a day", offset.Value)
	}
	return t.Add(-time.Duration(offset.Value) * time.Second), nil
}

func dayOrNight(isDay number) *bool {
	if !isDay.Known || isDay.Value != 0 && isDay.Value != 1 {
		return nil
	}
	return new(isDay.Value == 1)
}

// hourly converts a sum over an interval in seconds into a rate. If the interval is
// unknown, so is the rate.
func hourly(sum, interval *float64) *float64 {
	if sum == nil || interval == nil || *interval <= 0 {
		return nil
	}
	return new(*sum * 3600 / *interval)
}
