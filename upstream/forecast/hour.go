package forecast

import (
	"time"

	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// Hour is the merged forecast of one hour.
type Hour struct {
	At                                 time.Time
	Temperature, FeelsLike             *float64
	Humidity                           *float64
	Precipitation                      *float64 // mm in the hour from At
	PrecipitationProbability           *float64
	WindSpeed, WindGust, WindDirection *float64
	CloudCover, Pressure               *float64
	Condition                          weather.Condition

	by contributions
}

// mergeHour merges what is said about the hour itself: sums and conditions of three
// or six hours are left to the days.
func mergeHour(at time.Time, all []*weather.Series) Hour {
	p := panel[weather.Step]{said: make([]*weather.Step, len(all))}
	for i, s := range all {
		if s != nil {
			p.said[i] = s.At(at)
		}
	}
	ofHour := func(of func(*weather.Step) *float64) func(*weather.Step) *float64 {
		return func(s *weather.Step) *float64 {
			if s.Hours != 1 {
				return nil
			}
			return of(s)
		}
	}
	m := Hour{At: at}
	m.Temperature, _ = p.median(temperature, func(s *weather.Step) *float64 { return s.Temperature })
	m.FeelsLike, _ = p.median(feelsLike, func(s *weather.Step) *float64 { return s.FeelsLike })
	m.Humidity, _ = p.median(humidity, func(s *weather.Step) *float64 { return s.Humidity })
	m.Precipitation, _ = p.median(precipitation, ofHour(func(s *weather.Step) *float64 { return s.Precipitation }))
	m.PrecipitationProbability, _ = p.median(precipitationProbability, ofHour(func(s *weather.Step) *float64 { return s.PrecipitationProbability }))
	m.WindSpeed, _ = p.median(windSpeed, func(s *weather.Step) *float64 { return s.WindSpeed })
	m.WindGust, _ = p.median(windGust, ofHour(func(s *weather.Step) *float64 { return s.WindGust }))
	if less(m.WindGust, m.WindSpeed) {
		m.WindGust, p.by[windGust] = nil, 0
	}
	m.WindDirection, _ = p.direction(func(s *weather.Step) *float64 {
		if s.WindSpeed != nil && *s.WindSpeed == 0 { // the direction of a calm has no meaning
			return nil
		}
		return s.WindDirection
	})
	m.CloudCover, _ = p.median(cloudCover, func(s *weather.Step) *float64 { return s.CloudCover })
	m.Pressure, _ = p.median(pressure, func(s *weather.Step) *float64 { return s.Pressure })
	var votes []weather.Condition
	each(&p, condition, func(s *weather.Step) *weather.Condition {
		if s.Hours != 1 {
			return nil
		}
		return knownOrNil(&s.Condition)
	}, func(c weather.Condition) { votes = append(votes, c) })
	if len(votes) > 0 {
		m.Condition = aggregate.Majority(votes)
	}
	m.by = p.by
	return m
}
