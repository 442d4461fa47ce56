package weather

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"tributary/upstream"
)

// The greatest age of an observation that counts as current, and how far it may lie
// in the future, because a provider's clock may run fast.
const (
	maxAhead = 15 * time.Minute
	maxAge   = 3 * time.Hour
)

// The extremes measured on Earth (WMO archive of weather extremes), with some room.
// The room in temperature is small, because an impossible temperature reveals Kelvin
// and most Fahrenheit values from providers that do not declare their units.
const (
	minTemperature, maxTemperature = -100, 60  // °C; -89.2 and 56.7
	minPressure, maxPressure       = 860, 1100 // 870 and 1089.4; lower values are pressures of stations on high ground
)

// validate removes values that physics does not allow from a report received at the
// given time. It returns an error if the whole report is unusable: a temperature or
// time that reveals a wrong unit or clock or, with CodeNoData, an observation that
// is not current.
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
	case !(*r.Temperature >= minTemperature && *r.Temperature <= maxTemperature): // true for NaN too
		return fmt.Errorf("temperature: %g °C is outside %d to %d", *r.Temperature, minTemperature, maxTemperature)
	}
	return nil
}

// checkTime distinguishes a wrong clock from an outdated observation. A time before
// 2000 or more than a year ahead is 0 or in another unit, so the whole answer is
// invalid. Any other time outside the limits means that the provider has no current
// data: a station that has stopped, or a forecast that has not begun.
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

// dropImpossible removes values outside of the possible range. Models compute humidity
// and cloud cover of 101 or 102 %: up to 5 over 100 becomes 100.
func (r *Report) dropImpossible() {
	for _, q := range [...]struct {
		value               **float64
		least, most, excess float64
	}{
		{&r.FeelsLike, -150, 90, 0},
		{&r.DewPoint, -120, 40, 0}, // extreme: 35 °C
		{&r.Humidity, 0, 100, 5},
		{&r.Pressure, minPressure, maxPressure, 0},
		{&r.WindSpeed, 0, 120, 0}, // extreme: gusts of 113.2 m/s; tornadoes are not measured at 10 m
		{&r.WindGust, 0, 150, 0},
		{&r.WindDirection, 0, 360, 0},
		{&r.CloudCover, 0, 100, 5},
		{&r.Precipitation, 0, 2000, 0}, // mm/h; extreme: 31.2 mm in a minute
		{&r.PrecipitationNextHour, 0, 2000, 0},
		{&r.Visibility, 0, 500_000, 0},
	} {
		v := *q.value
		switch {
		case v == nil:
		case !(*v >= q.least && *v <= q.most+q.excess): // true for NaN too
			*q.value = nil
		case *v > q.most:
			*q.value = new(q.most)
		}
	}
	r.VisibilityCapped = r.VisibilityCapped && r.Visibility != nil
}
