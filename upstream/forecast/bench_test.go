package forecast

import (
	"testing"
	"time"

	"tributary/upstream/weather"
)

func BenchmarkMergeAndPresent(b *testing.B) {
	place := at(59.92, 10.73, "Europe/Oslo")
	now := recorded["metno-oslo"]
	all := []*weather.Series{
		hourly(now.Truncate(time.Hour).Add(-24*time.Hour), 240, func(i int, s *weather.Step) {
			s.Temperature, s.Precipitation, s.WindSpeed, s.WindDirection, s.Condition = new(float64(i%20)), new(0.1), new(3.0), new(90.0), weather.Rain
		}),
		read(b, "metno-oslo"),
		every(3*time.Hour, utc(2023, 11, 17, 21, 0), 40, func(i int, s *weather.Step) { s.Temperature = new(float64(i % 20)) }),
	}
	b.ReportAllocs()
	for b.Loop() {
		Present(place, Merge(place, now, all...), weather.Query{Days: 7, Hourly: true}, []string{"a", "b", "c"})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"openmeteo-copenhagen", "metno-oslo", "openweather-lisbon"} {
		text := body(b, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode(name, text, recorded[name]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
