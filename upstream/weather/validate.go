package weather

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"tributary/upstream/aggregate"
)

// The extremes measured on Earth (WMO archive of weather extremes), with some room.
// The room in temperature is small, because an impossible temperature reveals Kelvin
// and most Fahrenheit values from providers that do not declare their units.
const (
	minTemperature, maxTemperature = -100, 60  // °C; -89.2 and 56.7
	minPressure, maxPressure       = 860, 1100 // 870 and 1089.4; lower values are pressures of stations on high ground
)

// validate removes physically impossible values from a report that was received at
// the given time. It returns an error if the whole report is unusable: its
// temperature or time shows a wrong unit or clock. If the observation is merely not
// current, the error has CodeNoData.
func (r *Report) validate(at time.Time) error {
	if err := cmp.Or(r.checkTemperature(), aggregate.CheckObserved(r.ObservedAt, at)); err != nil {
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

// dropImpossible makes values unknown that are outside of what is possible.
// Models compute humidity and cloud cover of 101 or 102 %: up to 5 over 100 is
// taken for 100.
func (r *Report) dropImpossible() {
	aggregate.DropOutside(&r.FeelsLike, -150, 90, 0)
	aggregate.DropOutside(&r.DewPoint, -120, 40, 0) // 35 °C
	aggregate.DropOutside(&r.Humidity, 0, 100, 5)
	aggregate.DropOutside(&r.Pressure, minPressure, maxPressure, 0)
	aggregate.DropOutside(&r.WindSpeed, 0, 120, 0) // gusts of 113.2 m/s; tornadoes are not measured at 10 m
	aggregate.DropOutside(&r.WindGust, 0, 150, 0)
	aggregate.DropOutside(&r.WindDirection, 0, 360, 0)
	aggregate.DropOutside(&r.CloudCover, 0, 100, 5)
	aggregate.DropOutside(&r.Precipitation, 0, 2000, 0) // mm/h; 31.2 mm in a minute
	aggregate.DropOutside(&r.PrecipitationNextHour, 0, 2000, 0)
	aggregate.DropOutside(&r.Visibility, 0, 500_000, 0)
	r.VisibilityCapped = r.VisibilityCapped && r.Visibility != nil
}
