package weather

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// Series is the forecast that one provider gives for a place. It does not change after
// decoding, so it may be shared. It can be stored as JSON.
type Series struct {
	Timezone string `json:"timezone,omitempty"` // IANA name, if the provider gives it
	Steps    []Step `json:"steps"`              // in the order of time, each on a full hour
	Sun      []Sun  `json:"sun,omitempty"`      // in the order of time, if the provider gives it
}

// Step is a forecast for a moment and for the hours that begin at it. nil means not
// forecast, which differs from 0.
type Step struct {
	At time.Time `json:"at"` // UTC, a full hour

	// Of the moment.
	Temperature   *float64 `json:"temperature,omitempty"`    // °C
	FeelsLike     *float64 `json:"feels_like,omitempty"`     // °C
	Humidity      *float64 `json:"humidity,omitempty"`       // %
	Pressure      *float64 `json:"pressure,omitempty"`       // hPa, at sea level
	CloudCover    *float64 `json:"cloud_cover,omitempty"`    // %
	WindSpeed     *float64 `json:"wind_speed,omitempty"`     // m/s
	WindDirection *float64 `json:"wind_direction,omitempty"` // degrees, where the wind comes from
	UVIndex       *float64 `json:"uv_index,omitempty"`

	// Of the hours that begin at At. Hours is their number, 0 for a step without any:
	// three and six hours cannot be told as one.
	Hours                    int       `json:"hours,omitempty"`
	Precipitation            *float64  `json:"precipitation,omitempty"`             // mm in these hours
	PrecipitationProbability *float64  `json:"precipitation_probability,omitempty"` // %
	WindGust                 *float64  `json:"wind_gust,omitempty"`                 // m/s, the greatest; where Hours is not 1 perhaps only that of the moment
	Condition                Condition `json:"condition,omitempty"`
}

// Sun is when the sun rises and sets on one day. Days on which it does neither have
// none.
type Sun struct {
	Rise time.Time `json:"rise"`
	Set  time.Time `json:"set"`
}

// step returns the step at a time, which it adds if there is none. The pointer is valid
// until the next call.
func (s *Series) step(at time.Time) *Step {
	i := len(s.Steps)
	if i > 0 && !at.After(s.Steps[i-1].At) { // else it is the last one, as it mostly is
		found := false
		if i, found = slices.BinarySearchFunc(s.Steps, at, func(s Step, t time.Time) int { return s.At.Compare(t) }); found {
			return &s.Steps[i]
		}
	}
	s.Steps = slices.Insert(s.Steps, i, Step{At: at})
	return &s.Steps[i]
}

// At returns the step at a time, nil if there is none.
func (s *Series) At(at time.Time) *Step {
	i, found := slices.BinarySearchFunc(s.Steps, at, func(s Step, t time.Time) int { return s.At.Compare(t) })
	if !found {
		return nil
	}
	return &s.Steps[i]
}

// Between returns the steps from a time until before another.
func (s *Series) Between(from, until time.Time) []Step {
	before := func(s Step, t time.Time) int { return cmp.Or(s.At.Compare(t), 1) }
	i, _ := slices.BinarySearchFunc(s.Steps, from, before)
	j, _ := slices.BinarySearchFunc(s.Steps, until, before)
	return s.Steps[i:max(i, j)]
}

// validate removes impossible values from a series that was received at the given
// time. It returns an error if the whole series is unusable: a temperature or a time
// shows a wrong unit or clock. If it has no value for now or later, the error is
// unread, the error of its first number, or where that is nil has CodeNoData.
func (s *Series) validate(at time.Time, unread error) error {
	hour := at.Truncate(time.Hour)
	ahead := false
	for i := range s.Steps {
		step := &s.Steps[i]
		if err := step.check(at); err != nil {
			return err
		}
		step.dropImpossible()
		ahead = ahead || !step.At.Before(hour) && step.known()
	}
	if !ahead {
		return cmp.Or(unread, error(upstream.Errorf(upstream.CodeNoData, "no value now: the forecast has none for this hour or later")))
	}
	s.Sun = slices.DeleteFunc(s.Sun, func(sun Sun) bool { return !sun.happens() })
	return nil
}

// check returns an error if a time or a temperature shows another unit.
func (s *Step) check(at time.Time) error {
	switch {
	case s.At.Year() < 2000:
		return errors.New("time: before the year 2000")
	case s.At.After(at.AddDate(1, 0, 0)):
		return errors.New("time: more than a year in the future")
	case !s.At.Equal(s.At.Truncate(time.Hour)):
		return errors.New("time: not a full hour")
	case s.Temperature != nil && !(*s.Temperature >= minTemperature && *s.Temperature <= maxTemperature):
		return fmt.Errorf("temperature: %g °C is outside %d to %d", *s.Temperature, minTemperature, maxTemperature)
	}
	return nil
}

// dropImpossible has the limits of Report.dropImpossible.
func (s *Step) dropImpossible() {
	aggregate.DropOutside(&s.FeelsLike, -150, 90, 0)
	aggregate.DropOutside(&s.Humidity, 0, 100, 5)
	aggregate.DropOutside(&s.Pressure, minPressure, maxPressure, 0)
	aggregate.DropOutside(&s.CloudCover, 0, 100, 5)
	aggregate.DropOutside(&s.WindSpeed, 0, 120, 0)
	aggregate.DropOutside(&s.WindDirection, 0, 360, 0)
	aggregate.DropOutside(&s.UVIndex, 0, 50, 0) // 43.3 in the Andes
	aggregate.DropOutside(&s.Precipitation, 0, 2000, 0)
	aggregate.DropOutside(&s.PrecipitationProbability, 0, 100, 5)
	aggregate.DropOutside(&s.WindGust, 0, 150, 0)
}

// known reports whether any value is known.
func (s *Step) known() bool {
	for _, v := range [...]*float64{
		s.Temperature, s.FeelsLike, s.Humidity, s.Pressure, s.CloudCover, s.WindSpeed, s.WindDirection, s.UVIndex,
		s.Precipitation, s.PrecipitationProbability, s.WindGust,
	} {
		if v != nil {
			return true
		}
	}
	return s.Condition.known()
}

// happens is false for the spellings of polar day and night: both at once, a day apart,
// or in 1970.
func (s Sun) happens() bool {
	length := s.Set.Sub(s.Rise)
	return s.Rise.Year() >= 2000 && length > 0 && length < 24*time.Hour
}
