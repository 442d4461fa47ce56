package weather

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"tributary/upstream"
)

// How far from now an observation may lie and still tell the current weather: a
// provider's clock may run a little fast.
const (
	maxAhead = 15 * time.Minute
	maxAge   = 3 * time.Hour
)

// What has been measured on Earth (WMO archive of weather extremes), with some
// room. The room in temperature is small on purpose: it is what gives away
// Kelvin and most of Fahrenheit where a provider does not declare its units.
const (
	minTemperature, maxTemperature = -100, 60  // °C; -89.2 and 56.7
	minPressure, maxPressure       = 860, 1100 // hPa; 870 and 1089.4. Lower is the pressure at a station on high ground
)

// validate takes out of a report, read at the given time, each value that
// physics does not allow. Its error says why nothing of the report can be used:
// a temperature or a time that gives away another unit or another clock, or, with
// CodeNoData, an observation that is not of now.
func (r *Report) validate(at time.Time) error {
	if err := cmp.Or(r.checkTemperature(), r.checkTime(at)); err != nil {
		return err
	}
	r.dropImpossible()
	return nil
}

func (r *Report) checkTemperature() error {
	switch {
	case r.Temperature == nil:
		return errors.New("temperature: missing")
	case !(*r.Temperature >= minTemperature && *r.Temperature <= maxTemperature): // NaN is outside too
		return fmt.Errorf("temperature: %g °C is outside %d to %d", *r.Temperature, minTemperature, maxTemperature)
	}
	return nil
}

// checkTime draws the line between a wrong clock and an observation that is not
// of now. Before the year 2000, or more than a year ahead, a time is no
// observation's: it is 0, or in another unit, and nothing else of the answer is
// believed either. In between the provider has nothing for now: a station that
// stopped long ago, or a forecast that has not begun.
func (r *Report) checkTime(at time.Time) error {
	age := at.Sub(r.ObservedAt)
	switch {
	case r.ObservedAt.Year() < 2000:
		return errors.New("observed_at: before the year 2000")
	case r.ObservedAt.After(at.AddDate(1, 0, 0)):
		return errors.New("observed_at: more than a year in the future")
	case age < -maxAhead:
		return upstream.Errorf(upstream.CodeNoData, "no value now: the observation is more than %g minutes in the future", maxAhead.Minutes())
	case age > maxAge:
		return upstream.Errorf(upstream.CodeNoData, "no value now: the observation is more than %g hours old", maxAge.Hours())
	}
	return nil
}

// dropImpossible makes values unknown that are outside of what is possible.
// Models compute humidity and cloud cover of 101 or 102 %: up to 5 over 100 is
// taken for 100.
func (r *Report) dropImpossible() {
	for _, q := range [...]struct {
		value               **float64
		least, most, excess float64
	}{
		{&r.FeelsLike, -150, 90, 0},
		{&r.DewPoint, -120, 40, 0}, // 35 °C
		{&r.Humidity, 0, 100, 5},
		{&r.Pressure, minPressure, maxPressure, 0},
		{&r.WindSpeed, 0, 120, 0}, // gusts of 113.2 m/s; tornadoes are not measured at 10 m
		{&r.WindGust, 0, 150, 0},
		{&r.WindDirection, 0, 360, 0},
		{&r.CloudCover, 0, 100, 5},
		{&r.Precipitation, 0, 2000, 0}, // mm/h; 31.2 mm in a minute
		{&r.PrecipitationNextHour, 0, 2000, 0},
		{&r.Visibility, 0, 500_000, 0},
	} {
		v := *q.value
		switch {
		case v == nil:
		case !(*v >= q.least && *v <= q.most+q.excess): // NaN is outside too
			*q.value = nil
		case *v > q.most:
			*q.value = new(q.most)
		}
	}
	r.VisibilityCapped = r.VisibilityCapped && r.Visibility != nil
}
