package weather

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tributary/upstream"
)

// OpenMeteoAttribution is what Open-Meteo's licence wants beside its data.
const OpenMeteoAttribution = "Weather data by Open-Meteo.com (CC BY 4.0)"

// openMeteoQuery asks for the current value of everything we have a field for.
// Sums and gusts of current look back over one interval of 15 minutes.
const openMeteoQuery = "&current=temperature_2m,relative_humidity_2m,apparent_temperature,dew_point_2m,is_day," +
	"precipitation,weather_code,cloud_cover,pressure_msl,wind_speed_10m,wind_direction_10m,wind_gusts_10m,visibility" +
	"&temperature_unit=celsius&wind_speed_unit=ms&precipitation_unit=mm&timeformat=unixtime&timezone=auto"

// OpenMeteo asks the forecast API of Open-Meteo for the current weather.
// https://open-meteo.com/en/docs
func OpenMeteo() upstream.Spec[Place, *Report] {
	return upstream.Spec[Place, *Report]{
		Name:  "openmeteo",
		Route: "/v1/forecast",
		Key:   Place.Key,
		Request: func(ctx context.Context, p Place) (*http.Request, error) {
			return get(ctx, "/v1/forecast?latitude="+degrees(p.Latitude)+"&longitude="+degrees(p.Longitude)+openMeteoQuery)
		},
		Decode:  decodeOpenMeteo,
		Refusal: openMeteoRefusal,
	}
}

type openMeteoAnswer struct {
	UTCOffsetSeconds float64           `json:"utc_offset_seconds"`
	Timezone         string            `json:"timezone"`
	CurrentUnits     map[string]string `json:"current_units"`
	Current          *openMeteoCurrent `json:"current"`

	// The older form of the block, answered to who asks for current_weather.
	OldUnits map[string]string    `json:"current_weather_units"`
	Old      *openMeteoOldWeather `json:"current_weather"`
}

type openMeteoCurrent struct {
	Time                json.RawMessage `json:"time"`
	Interval            *float64        `json:"interval"`
	Temperature2m       *float64        `json:"temperature_2m"`
	RelativeHumidity2m  *float64        `json:"relative_humidity_2m"`
	ApparentTemperature *float64        `json:"apparent_temperature"`
	DewPoint2m          *float64        `json:"dew_point_2m"`
	IsDay               *float64        `json:"is_day"`
	Precipitation       *float64        `json:"precipitation"`
	WeatherCode         *float64        `json:"weather_code"`
	CloudCover          *float64        `json:"cloud_cover"`
	PressureMSL         *float64        `json:"pressure_msl"`
	WindSpeed10m        *float64        `json:"wind_speed_10m"`
	WindDirection10m    *float64        `json:"wind_direction_10m"`
	WindGusts10m        *float64        `json:"wind_gusts_10m"`
	Visibility          *float64        `json:"visibility"`
}

type openMeteoOldWeather struct {
	Time          json.RawMessage `json:"time"`
	Temperature   *float64        `json:"temperature"`
	WindSpeed     *float64        `json:"windspeed"`
	WindDirection *float64        `json:"winddirection"`
	IsDay         *float64        `json:"is_day"`
	WeatherCode   *float64        `json:"weathercode"`
}

func decodeOpenMeteo(r upstream.Response) (*Report, error) {
	var a openMeteoAnswer
	if err := decodeJSON(r.Body, &a); err != nil {
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
	case a.Current != nil:
		return a.currentReport()
	case a.Old != nil:
		return a.oldReport()
	}
	return nil, errors.New("current: missing")
}

func (a *openMeteoAnswer) currentReport() (*Report, error) {
	c, u := a.Current, unitReader{declared: a.CurrentUnits}
	report := &Report{
		Temperature:   u.read("temperature_2m", c.Temperature2m, toCelsius),
		FeelsLike:     u.read("apparent_temperature", c.ApparentTemperature, toCelsius),
		DewPoint:      u.read("dew_point_2m", c.DewPoint2m, toCelsius),
		Humidity:      u.read("relative_humidity_2m", c.RelativeHumidity2m, toPercent),
		Pressure:      u.read("pressure_msl", c.PressureMSL, toHPa),
		WindSpeed:     u.read("wind_speed_10m", c.WindSpeed10m, toMPS),
		WindGust:      u.read("wind_gusts_10m", c.WindGusts10m, toMPS),
		WindDirection: u.read("wind_direction_10m", c.WindDirection10m, toDegrees),
		CloudCover:    u.read("cloud_cover", c.CloudCover, toPercent),
		Visibility:    u.read("visibility", c.Visibility, toMetres),
		Condition:     wmoCondition(c.WeatherCode),
		Timezone:      a.Timezone,
	}
	sum, interval := u.read("precipitation", c.Precipitation, toMM), u.read("interval", c.Interval, toSeconds)
	return report, cmp.Or(
		u.err,
		a.setTime(report, c.Time),
		setDay(report, c.IsDay),
		setRate(report, sum, interval),
	)
}

func (a *openMeteoAnswer) oldReport() (*Report, error) {
	o, u := a.Old, unitReader{declared: a.OldUnits}
	report := &Report{
		Temperature:   u.read("temperature", o.Temperature, toCelsius),
		WindSpeed:     u.read("windspeed", o.WindSpeed, toMPS),
		WindDirection: u.read("winddirection", o.WindDirection, toDegrees),
		Condition:     wmoCondition(o.WeatherCode),
		Timezone:      a.Timezone,
	}
	return report, cmp.Or(u.err, a.setTime(report, o.Time), setDay(report, o.IsDay))
}

// setTime reads a unix number, which is UTC whatever the timezone asked for, or
// local text without an offset: "2026-01-16T22:15".
func (a *openMeteoAnswer) setTime(report *Report, raw json.RawMessage) (err error) {
	var seconds *float64
	if json.Unmarshal(raw, &seconds) == nil {
		report.ObservedAt, err = unixTime("time", seconds)
		return err
	}
	var local string
	_ = json.Unmarshal(raw, &local) // what is no text is no time either
	t, err := time.Parse("2006-01-02T15:04", local)
	if err != nil {
		return errors.New("time: neither a unix time nor a local one")
	}
	const day = 24 * 60 * 60
	if !(a.UTCOffsetSeconds > -day && a.UTCOffsetSeconds < day) {
		return fmt.Errorf("utc_offset_seconds: %g is more than a day", a.UTCOffsetSeconds)
	}
	report.ObservedAt = t.Add(-time.Duration(a.UTCOffsetSeconds) * time.Second)
	return nil
}

func setDay(report *Report, isDay *float64) error {
	if isDay == nil {
		return nil
	}
	if *isDay != 0 && *isDay != 1 {
		return fmt.Errorf("is_day: %g is neither 0 nor 1", *isDay)
	}
	report.IsDay = new(*isDay == 1)
	return nil
}

// setRate turns the sum over the last interval into a rate.
func setRate(report *Report, sum, interval *float64) error {
	if sum == nil {
		return nil
	}
	if interval == nil || !(*interval > 0) {
		return errors.New("interval: missing or not positive, so the precipitation is over an unknown time")
	}
	report.Precipitation = new(*sum * 3600 / *interval)
	return nil
}

// openMeteoRefusal reads what Open-Meteo says only in words. The texts are
// those of its source, Sources/App/Helper (ForecastapiQuery.swift and
// Vapor/RateLimiter.swift).
func openMeteoRefusal(r upstream.Response) *upstream.Error {
	var said struct {
		Reason string `json:"reason"`
	}
	if decodeJSON(r.Body, &said) != nil {
		return nil
	}
	switch {
	case r.Status == http.StatusBadRequest && strings.HasPrefix(said.Reason, "No data is available for this location"):
		return notCovered(r.Status)
	case r.Status == http.StatusTooManyRequests && r.Header.Get("Retry-After") == "":
		wait, quota := openMeteoWait(said.Reason, r.At)
		if wait == 0 {
			return nil
		}
		return &upstream.Error{Code: upstream.CodeRateLimited, Detail: quota + " quota spent", Status: r.Status, RetryAfter: wait}
	}
	return nil
}

// openMeteoWait tells how long a spent quota lasts: the server forgets its
// counts at each full minute, hour and day.
func openMeteoWait(reason string, now time.Time) (wait time.Duration, quota string) {
	until := func(span time.Duration) time.Duration { return now.Truncate(span).Add(span).Sub(now) }
	switch {
	case strings.HasPrefix(reason, "Minutely"):
		return time.Minute, "minute's" // "Please try again in one minute."
	case strings.HasPrefix(reason, "Hourly"):
		return until(time.Hour), "hour's" // "Please try again in the next hour."
	case strings.HasPrefix(reason, "Daily"):
		return until(24 * time.Hour), "day's" // "Please try again tomorrow.", UTC's
	}
	return 0, ""
}

// notCovered is the answer of a provider that has nothing for a place.
func notCovered(status int) *upstream.Error {
	return &upstream.Error{Code: upstream.CodeNotFound, Detail: "does not cover this location", Status: status}
}

// wmoCondition reads the WMO codes that Open-Meteo uses, all of them.
// https://open-meteo.com/en/docs#weather_variable_documentation
func wmoCondition(code *float64) Condition {
	if code == nil {
		return Unknown
	}
	switch *code {
	case 0:
		return Clear
	case 1:
		return MostlyClear
	case 2:
		return PartlyCloudy
	case 3:
		return Cloudy
	case 45, 48: // fog, depositing rime fog
		return Fog
	case 51, 53, 55:
		return Drizzle
	case 56, 57:
		return FreezingDrizzle
	case 61, 63, 65:
		return Rain
	case 66, 67:
		return FreezingRain
	case 71, 73, 75, 77: // 77 is snow grains
		return Snow
	case 80, 81, 82:
		return RainShowers
	case 85, 86:
		return SnowShowers
	case 95:
		return Thunderstorm
	case 96, 99: // thunderstorm with hail: that hail brings thunder everybody knows, not the reverse
		return Hail
	}
	return Unknown
}
