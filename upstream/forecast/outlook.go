package forecast

import (
	"time"

	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// outlook is what one provider says about one day. nil: nothing.
type outlook struct {
	temperatureMin, temperatureMax           *float64
	precipitationSum                         *float64
	precipitationProbability                 *float64
	windSpeedMax, windGustMax, windDirection *float64
	uvIndexMax                               *float64
	condition                                weather.Condition
	sunrise, sunset                          *time.Time
}

// outlookOf reads a day from a provider's series.
func outlookOf(s *weather.Series, d day, zone *time.Location) *outlook {
	steps := s.Between(d.from, d.until)
	o := &outlook{precipitationSum: sumOf(s, d)}
	o.temperatureMin, o.temperatureMax = d.extremes(steps, func(s *weather.Step) *float64 { return s.Temperature })
	_, o.precipitationProbability = d.extremes(steps, func(s *weather.Step) *float64 { return s.PrecipitationProbability })
	_, o.windSpeedMax = d.extremes(steps, func(s *weather.Step) *float64 { return s.WindSpeed })
	_, o.windGustMax = d.extremes(steps, func(s *weather.Step) *float64 { return s.WindGust })
	_, o.uvIndexMax = d.extremes(steps, func(s *weather.Step) *float64 { return s.UVIndex })
	o.windDirection = d.windDirection(steps)
	o.condition = d.worst(steps)
	o.sunrise, o.sunset = sunOn(d.date, zone, s.Sun)
	return o
}

// extremes are the least and the greatest value of a day.
func (d day) extremes(steps []weather.Step, of func(*weather.Step) *float64) (least, greatest *float64) {
	if !d.covered(steps, func(s *weather.Step) bool { return of(s) != nil }) {
		return nil, nil
	}
	for i := range steps {
		v := of(&steps[i])
		if v == nil {
			continue
		}
		if least == nil || *v < *least {
			least = v
		}
		if greatest == nil || *v > *greatest {
			greatest = v
		}
	}
	return least, greatest
}

// sumOf is the precipitation of a day, nil unless its periods follow each other from the
// first to the last hour of the day. Periods that begin in one that counts are skipped,
// because they are a part of it.
func sumOf(s *weather.Series, d day) *float64 {
	sum := 0.0
	for at := d.from; at.Before(d.until); {
		step := s.At(at)
		if step == nil || step.Hours == 0 || step.Precipitation == nil {
			return nil
		}
		sum += *step.Precipitation
		at = at.Add(time.Duration(step.Hours) * time.Hour)
		if at.After(d.until) {
			return nil
		}
	}
	return &sum
}

// windDirection is the direction of the sum of the winds of a day, so that a calm hour
// weighs nothing and a stormy one much.
func (d day) windDirection(steps []weather.Step) *float64 {
	known := func(s *weather.Step) bool { return s.WindDirection != nil && s.WindSpeed != nil }
	if !d.covered(steps, known) {
		return nil
	}
	var sum aggregate.Vector
	for i := range steps {
		if s := &steps[i]; known(s) {
			sum.Add(*s.WindDirection, *s.WindSpeed)
		}
	}
	return sum.Direction()
}

// worst is the most severe condition of a day, "" if too little is known.
func (d day) worst(steps []weather.Step) (worst weather.Condition) {
	if !d.covered(steps, func(s *weather.Step) bool { return severity(s.Condition) > 0 }) {
		return ""
	}
	for i := range steps {
		worst = worse(worst, steps[i].Condition)
	}
	return worst
}

// bySeverity has all conditions, the least severe first: the sky, what impairs sight,
// rain, snow, ice on the ground, and what is dangerous outdoors.
var bySeverity = [...]weather.Condition{
	weather.Clear, weather.MostlyClear, weather.PartlyCloudy, weather.Cloudy,
	weather.Haze, weather.Fog, weather.Dust,
	weather.Drizzle, weather.RainShowers, weather.Rain,
	weather.Sleet, weather.SnowShowers, weather.Snow,
	weather.FreezingDrizzle, weather.FreezingRain,
	weather.Thunderstorm, weather.Hail,
}

// severity is 0 for an unknown condition.
func severity(c weather.Condition) int {
	for i, other := range bySeverity {
		if c == other {
			return i + 1
		}
	}
	return 0
}

func worse(a, b weather.Condition) weather.Condition {
	if severity(b) > severity(a) {
		return b
	}
	return a
}

// sunOn returns the first sunrise and the last sunset on a date. The sun can set after
// midnight.
func sunOn(date string, zone *time.Location, all []weather.Sun) (rise, set *time.Time) {
	for _, s := range all {
		if rise == nil && dateIn(zone, s.Rise) == date {
			rise = new(s.Rise.UTC())
		}
		if dateIn(zone, s.Set) == date {
			set = new(s.Set.UTC())
		}
	}
	return rise, set
}
