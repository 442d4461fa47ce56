package weather

import (
	"errors"
	"fmt"
	"time"
)

// How far from the moment of the answer an observation may lie: a provider's
// clock may run a little fast, and what is older does not tell the current
// weather.
const (
	maxAhead = 15 * time.Minute
	maxAge   = 3 * time.Hour
)

// validate says what makes a report unbelievable as an answer read at the given
// time. The age is that of the first entry, the one that speaks of now.
func (r *Report) validate(at time.Time) error {
	switch age := at.Sub(r.ObservedAt); {
	case r.ObservedAt.IsZero():
		return errors.New("observed_at: missing")
	case age < -maxAhead:
		return fmt.Errorf("observed_at: more than %g minutes ahead of the clock", maxAhead.Minutes())
	case age > maxAge:
		return fmt.Errorf("observed_at: more than %g hours old", maxAge.Hours())
	}
	for ; r != nil; r = r.Next {
		if r.Temperature == nil {
			return errors.New("temperature: missing")
		}
		if err := r.validateRanges(); err != nil {
			return err
		}
		if r.Next != nil && !r.Next.ObservedAt.After(r.ObservedAt) {
			return errors.New("observed_at: the entries are not in the order of time")
		}
	}
	return nil
}

// validateRanges holds each number against what has been measured on Earth (WMO
// archive of weather extremes) with some room. The room in temperature is
// small on purpose: it is what gives away Kelvin and most of Fahrenheit where
// a provider does not declare its units.
func (r *Report) validateRanges() error {
	for _, q := range [...]struct {
		name     string
		value    *float64
		min, max float64
		unit     string
	}{
		{"temperature", r.Temperature, -100, 60, " °C"}, // -89.2 and 56.7
		{"feels_like", r.FeelsLike, -150, 90, " °C"},
		{"dew_point", r.DewPoint, -120, 40, " °C"}, // 35
		{"humidity", r.Humidity, 0, 100, " %"},
		{"pressure", r.Pressure, 850, 1100, " hPa"}, // 870 and 1089.4
		{"wind_speed", r.WindSpeed, 0, 120, " m/s"}, // gusts of 113.2; tornadoes are not measured at 10 m
		{"wind_gust", r.WindGust, 0, 150, " m/s"},
		{"wind_direction", r.WindDirection, 0, 360, "°"},
		{"cloud_cover", r.CloudCover, 0, 100, " %"},
		{"precipitation", r.Precipitation, 0, 2000, " mm/h"}, // 31.2 mm in a minute
		{"precipitation_next_hour", r.PrecipitationNextHour, 0, 2000, " mm/h"},
		{"visibility", r.Visibility, 0, 500_000, " m"},
	} {
		// Written so that NaN is outside too.
		if q.value != nil && !(*q.value >= q.min && *q.value <= q.max) {
			return fmt.Errorf("%s: %g%s is outside %g to %g", q.name, *q.value, q.unit, q.min, q.max)
		}
	}
	return nil
}
