package forecast

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tributary/upstream/aggregate"
	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

var midnight = utc(2026, 11, 25, 0, 0)

// dayOf is the first day of these series at UTC, from its first hour.
func dayOf(all ...*weather.Series) Day { return Merge(at(50, 0, "UTC"), midnight, all...).Days[0] }

func warm(celsius float64) func(int, *weather.Step) {
	return func(_ int, s *weather.Step) { s.Temperature, s.Precipitation = new(celsius), new(0.5) }
}

func TestWhoHasASayInADay(t *testing.T) {
	without := func(s *weather.Series, hours ...int) *weather.Series {
		kept := &weather.Series{}
		for _, step := range s.Steps {
			if !slices.Contains(hours, step.At.Hour()) {
				kept.Steps = append(kept.Steps, step)
			}
		}
		return kept
	}
	three := every(3*time.Hour, midnight, 8, warm(10))
	for _, tt := range []struct {
		name    string
		of      *weather.Series
		extreme bool
		sum     float64 // 0: none

	}{
		{"eight blocks", three, true, 4},
		{"seven of eight blocks", without(three, 21), true, 0},
		{"six of eight blocks", without(three, 0, 21), false, 0},
		{"all hours", hourly(midnight, 24, warm(10)), true, 12},
		{"one hour missing", without(hourly(midnight, 24, warm(10)), 12), true, 0},
		{"one hour of each of seven steps", without(hourly(midnight, 24, warm(10)), 1, 2, 4, 5, 7, 8, 9, 11, 13, 14, 16, 17, 19, 20, 21, 22, 23), true, 0},
		{"two steps missing", without(hourly(midnight, 24, warm(10)), 9, 10, 11, 12, 13, 14), false, 0},
		{"a forecast that ends before the evening", hourly(midnight, 18, warm(10)), false, 0},
		{"a forecast that ends late in the evening", hourly(midnight, 19, warm(10)), true, 0},
		{"a null tail", hourly(midnight, 24, func(i int, s *weather.Step) {
			if i < 18 {
				warm(10)(i, s)
			}
		}), false, 0},
		{"nulls in the last step only", hourly(midnight, 24, func(i int, s *weather.Step) {
			if i < 21 {
				warm(10)(i, s)
			}
		}), true, 0},
		{"four blocks of six hours", every(6*time.Hour, midnight, 4, warm(10)), false, 2},
		{"blocks across midnight", every(3*time.Hour, midnight.Add(-time.Hour), 10, warm(10)), true, 0},
		{"half of the day in hours and half in blocks of six", &weather.Series{Steps: append(hourly(midnight, 12, warm(10)).Steps, every(6*time.Hour, midnight.Add(12*time.Hour), 2, warm(10)).Steps...)}, false, 7},
		{"nothing", &weather.Series{}, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := dayOf(tt.of)
			if (d.TemperatureMin != nil) != tt.extreme || (d.TemperatureMax != nil) != tt.extreme {
				t.Errorf("temperatures = %v, %v; want some: %t", d.TemperatureMin, d.TemperatureMax, tt.extreme)
			}
			switch {
			case d.PrecipitationSum == nil && tt.sum != 0, d.PrecipitationSum != nil && *d.PrecipitationSum != tt.sum:
				t.Errorf("sum = %s, want %g", upstreamtest.AsJSON(t, d.PrecipitationSum), tt.sum)
			}
		})
	}
}

func TestConfidence(t *testing.T) {
	for _, tt := range []struct {
		name    string
		celsius []float64
		want    Confidence
	}{
		{"no source", nil, Low},
		{"one source", []float64{10}, Low},
		{"two that agree", []float64{10, 10}, High},
		{"two at 2 °C, by rounding a little more", []float64{19.4, 21.4}, High},
		{"two at 2.1 °C", []float64{10, 12.1}, Medium},
		{"two at 4 °C", []float64{10, 14}, Medium},
		{"two at 4.1 °C", []float64{10, 14.1}, Low},
		{"three, of which two agree", []float64{10, 10, 15}, Low},
		{"three within 2 °C", []float64{10, 11, 12}, High},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var all []*weather.Series
			for _, celsius := range tt.celsius {
				all = append(all, hourly(midnight, 24, warm(celsius)))
			}
			d := dayOf(all...)
			if d.Confidence != tt.want || d.by.sources() != len(tt.celsius) {
				t.Errorf("confidence = %s of %d sources, want %s", d.Confidence, d.by.sources(), tt.want)
			}
		})
	}
	t.Run("it goes by the greater spread", func(t *testing.T) {
		nights := hourly(midnight, 24, func(i int, s *weather.Step) { s.Temperature = new(10 - 5*float64(i%2)) })
		if d := dayOf(nights, hourly(midnight, 24, warm(10))); d.Confidence != Low || d.Spread.TemperatureMax.Max != d.Spread.TemperatureMax.Min {
			t.Errorf("confidence = %s with %+v", d.Confidence, d.Spread)
		}
	})
}

func TestConditionOfADay(t *testing.T) {
	sky := func(conditions ...weather.Condition) *weather.Series {
		return every(3*time.Hour, midnight, 8, func(i int, s *weather.Step) { s.Condition = conditions[i%len(conditions)] })
	}
	for i, c := range bySeverity[1:] {
		if got := dayOf(sky(bySeverity[i], c)).Condition; got != c {
			t.Errorf("of %s and %s the worse is %s", bySeverity[i], c, got)
		}
	}
	if got := dayOf(sky(weather.Clear), sky(weather.Clear, weather.Hail), sky(weather.Rain)).Condition; got != weather.Hail {
		t.Errorf("condition of three sources = %s, want the worst of any", got)
	}
	if got := dayOf(&weather.Series{Steps: sky(weather.Hail).Steps[:6]}, sky(weather.Fog)).Condition; got != weather.Fog {
		t.Errorf("condition = %s, want that of the source that covers the day", got)
	}
	if got := dayOf(sky("")).Condition; got != "" {
		t.Errorf("condition of nothing known = %q", got)
	}
	for _, c := range []weather.Condition{
		weather.Clear, weather.MostlyClear, weather.PartlyCloudy, weather.Cloudy, weather.Fog, weather.Haze, weather.Drizzle, weather.FreezingDrizzle, weather.Rain,
		weather.FreezingRain, weather.Sleet, weather.Snow, weather.RainShowers, weather.SnowShowers, weather.Thunderstorm, weather.Hail, weather.Dust,
	} {
		if severity(c) == 0 {
			t.Errorf("%s has no severity", c)
		}
	}
}

func TestWindOfADay(t *testing.T) {
	wind := func(of func(i int) (from, speed, gust float64)) *weather.Series {
		return hourly(midnight, 24, func(i int, s *weather.Step) {
			from, speed, gust := of(i)
			s.WindDirection, s.WindSpeed, s.WindGust = &from, &speed, &gust
		})
	}
	for _, tt := range []struct {
		name string
		of   []*weather.Series
		want string // speed, gust, direction
	}{
		{"a strong hour weighs more", []*weather.Series{wind(func(i int) (float64, float64, float64) {
			if i == 0 {
				return 90, 23, 30 // as much as the 23 others together
			}
			return 0, 1, 2
		})}, "23 30 45"},
		{"calm hours weigh nothing", []*weather.Series{wind(func(i int) (float64, float64, float64) { return 200 * float64(i%2), 3 * float64(i%2), 5 })}, "3 5 200"},
		{"around north", []*weather.Series{wind(func(i int) (float64, float64, float64) { return 350 + 20*float64(i%2) - 360*float64(i%2), 2, 3 })}, "2 3 0"},
		{"winds that cancel out", []*weather.Series{wind(func(i int) (float64, float64, float64) { return 180 * float64(i%2), 2, 3 })}, "2 3 -"},
		{"calm all day", []*weather.Series{wind(func(int) (float64, float64, float64) { return 10, 0, 0 })}, "0 0 -"},
		{"two sources", []*weather.Series{
			wind(func(int) (float64, float64, float64) { return 350, 2, 6 }),
			wind(func(int) (float64, float64, float64) { return 20, 10, 12 }),
		}, "6 9 5"},
		{"gusts below the wind are left out", []*weather.Series{
			wind(func(int) (float64, float64, float64) { return 10, 8, 3 }),
		}, "8 - 10"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := dayOf(tt.of...)
			show := func(v *float64) string {
				if v == nil {
					return "-"
				}
				return fmt.Sprint(weather.Bearing(*v))
			}
			if got := fmt.Sprint(show(d.WindSpeedMax), " ", show(d.WindGustMax), " ", show(d.WindDirection)); got != tt.want {
				t.Errorf("speed, gust, direction = %s, want %s", got, tt.want)
			}
			if (d.WindGustMax == nil) != (d.by[windGustMax] == 0) || (d.WindDirection == nil) != (d.by[windDirection] == 0) {
				t.Errorf("sources = %v of %s", d.by, upstreamtest.AsJSON(t, d))
			}
		})
	}
}

func TestHours(t *testing.T) {
	now := utc(2026, 11, 25, 9, 40)
	hours := hourly(utc(2026, 11, 25, 0, 0), 72, func(i int, s *weather.Step) {
		s.Temperature, s.Precipitation, s.PrecipitationProbability = new(float64(i)), new(0.1), new(20.0)
		s.WindSpeed, s.WindGust, s.WindDirection, s.Condition = new(3.0), new(4.0), new(10.0), weather.Rain
	})
	blocks := every(3*time.Hour, utc(2026, 11, 25, 0, 0), 24, func(i int, s *weather.Step) {
		s.Temperature, s.Precipitation, s.PrecipitationProbability = new(float64(3*i+2)), new(9.0), new(90.0)
		s.WindSpeed, s.WindGust, s.WindDirection, s.Condition = new(0.0), new(9.0), new(180.0), weather.Hail
	})
	m := Merge(at(50, 0, "UTC"), now, hours, blocks)
	f := Present(at(50, 0, "UTC"), m, weather.Query{Days: 1, Hourly: true}, []string{"hours", "blocks"})
	if len(f.Hourly) != 48 || !f.Hourly[0].Time.Equal(utc(2026, 11, 25, 9, 0)) || !f.Hourly[47].Time.Equal(utc(2026, 11, 27, 8, 0)) {
		t.Fatalf("%d hours from %s to %s", len(f.Hourly), f.Hourly[0].Time, f.Hourly[47].Time)
	}
	// At 9 both know the temperature: 9 and 11. What a block says of three hours is in no
	// hour, and a calm source has no say in the direction.
	wantJSON(t, f.Hourly[0], `{"time":"2026-11-25T09:00:00Z","temperature":10,"precipitation":0.1,"precipitation_probability":20,`+
		`"wind_speed":1.5,"wind_gust":4,"wind_direction":10,"condition":{"code":"rain","text":"Rain"}}`)
	wantJSON(t, f.Hourly[1], `{"time":"2026-11-25T10:00:00Z","temperature":10,"precipitation":0.1,"precipitation_probability":20,`+
		`"wind_speed":3,"wind_gust":4,"wind_direction":10,"condition":{"code":"rain","text":"Rain"}}`)
	wantJSON(t, f.From, `{"precipitation":"hours","wind_direction":"hours","wind_gust":"hours"}`)
	if quiet := Present(at(50, 0, "UTC"), m, weather.Query{Days: 1}, []string{"hours", "blocks"}); quiet.Hourly != nil || fmt.Sprint(quiet.From) != "map[wind_direction:hours]" {
		t.Errorf("without hours: %s", upstreamtest.AsJSON(t, quiet))
	}
	alone := Merge(at(50, 0, "UTC"), now, nil, blocks).Hours
	wantJSON(t, []any{alone[0].shown(weather.Metric), alone[1].shown(weather.Metric)}, `[{"time":"2026-11-25T09:00:00Z","temperature":11,"wind_speed":0},{"time":"2026-11-25T10:00:00Z"}]`)
}

func TestMostFrequentConditionOfAnHour(t *testing.T) {
	of := func(c weather.Condition) *weather.Series {
		return hourly(midnight, 1, func(_ int, s *weather.Step) { s.Condition = c })
	}
	first := func(all ...*weather.Series) weather.Condition {
		return Merge(at(50, 0, "UTC"), midnight, all...).Hours[0].Condition
	}
	if got := first(of(weather.Clear), of(weather.Rain), of(weather.Rain)); got != weather.Rain {
		t.Errorf("condition = %s, want that of two of three", got)
	}
	if got := first(nil, of(weather.Clear), of(weather.Rain)); got != weather.Clear {
		t.Errorf("condition = %s, want that of the first source", got)
	}
}

func TestUsed(t *testing.T) {
	past := hourly(midnight.AddDate(0, 0, -3), 24, warm(10))
	m := Merge(at(50, 0, "UTC"), midnight, hourly(midnight, 24, warm(10)), nil, past, &weather.Series{})
	if got := fmt.Sprint(m.Used); got != "[true false false false]" {
		t.Errorf("used = %s, want the first only", got)
	}
}

func TestImperialUnits(t *testing.T) {
	s := hourly(midnight, 48, func(i int, s *weather.Step) {
		s.Temperature, s.FeelsLike, s.Pressure = new(10.0), new(9.0), new(1013.25)
		s.Precipitation, s.WindSpeed, s.WindGust, s.UVIndex = new(0.1), new(10.0), new(20.0), new(0.25)
	})
	other := hourly(midnight, 48, warm(11))
	m := Merge(at(50, 0, "UTC"), midnight, s, other)
	f := Present(at(50, 0, "UTC"), m, weather.Query{Days: 1, Hourly: true, Units: weather.Imperial}, []string{"a", "b"})
	// (10 + 11)/2 = 10.5 °C is 50.9 °F; (24·0.1 + 24·0.5)/2 = 7.2 mm are 0.283 in; 10 m/s are
	// 22.4 mph, 20 m/s 44.7 mph; 1013.25 hPa are 29.92 inHg; 0.3 mm are 0.012 in.
	d := f.Daily[0]
	if *d.TemperatureMax != 50.9 || *d.PrecipitationSum != 0.283 || *d.WindSpeedMax != 22.4 || *d.WindGustMax != 44.7 || *d.UVIndexMax != 0.3 ||
		d.Confidence != High || d.Spread.TemperatureMin != (aggregate.Range{Min: 50, Max: 51.8, Sources: 2}) {
		t.Errorf("day = %s", upstreamtest.AsJSON(t, d))
	}
	wantJSON(t, f.Hourly[0], `{"time":"2026-11-25T00:00:00Z","temperature":50.9,"feels_like":48.2,"precipitation":0.012,"wind_speed":22.4,"wind_gust":44.7,"pressure":29.92}`)
	wantJSON(t, f.Units, `{"temperature":"°F","wind_speed":"mph","pressure":"inHg","precipitation":"in","precipitation_probability":"%","humidity":"%"}`)
}
