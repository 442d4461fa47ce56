package weather

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"tributary/upstream/upstreamtest"
)

// seriesOf has a step an hour with these temperatures.
func seriesOf(temperatures ...*float64) *Series {
	s := &Series{}
	for i, t := range temperatures {
		s.Steps = append(s.Steps, Step{At: clock(6, 0).Add(time.Duration(i) * time.Hour), Temperature: t})
	}
	return s
}

func TestPackedSeriesIsTheSeries(t *testing.T) {
	days := func(n int) *Series {
		s := &Series{Timezone: "Asia/Kolkata"}
		for i := range 24 * n {
			v := float64(i % 24)
			s.Steps = append(s.Steps, Step{
				At: clock(0, 0).Add(time.Duration(i) * time.Hour), Hours: 1, Condition: conditions[1+i%(len(conditions)-1)],
				Temperature: new(v / 10), FeelsLike: new(-v), Humidity: new(50 + v), Pressure: new(1013.25), CloudCover: new(100.0), WindSpeed: new(v / 100),
				WindDirection: new(359.0), UVIndex: new(v / 4), Precipitation: new(0.0), PrecipitationProbability: new(v), WindGust: new(2 * v),
			})
		}
		return s
	}
	for name, s := range map[string]*Series{
		"nothing":                          {Steps: []Step{}},
		"integers":                         seriesOf(new(3.0), new(-40.0), new(0.0)),
		"tenths that binary does not have": seriesOf(new(24.1), new(0.3), new(-0.7)),
		"hundredths":                       seriesOf(new(1.005), new(2.25)),
		"more digits":                      seriesOf(new(1.0/3), nil, new(2.0)),
		"a number that is very great":      seriesOf(new(1e300), new(1.0)),
		"the negative zero":                seriesOf(new(math.Copysign(0, -1)), new(1.0)),
		"unknown numbers":                  seriesOf(nil, new(1.5), nil, nil, new(1.6)),
		"all fields, for nine days":        days(9),
		"sun, steps before 1970":           {Steps: []Step{{At: time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)}}, Sun: []Sun{{clock(5, 1), clock(17, 59)}, {clock(5, 2), clock(18, 0)}}},
	} {
		t.Run(name, func(t *testing.T) {
			want := upstreamtest.AsJSON(t, s)
			packed := s.Pack()
			if got := upstreamtest.AsJSON(t, packed.Series()); got != want {
				t.Errorf("unpacked as\n%s, want\n%s", got, want)
			}
			stored := new(PackedSeries)
			if err := json.Unmarshal([]byte(upstreamtest.AsJSON(t, packed)), stored); err != nil {
				t.Fatal(err)
			}
			if got := upstreamtest.AsJSON(t, stored.Series()); got != want {
				t.Errorf("stored and read again as\n%s, want\n%s", got, want)
			}
		})
	}
	if s := days(9); len(s.Pack().bytes) > 24*len(s.Steps) {
		t.Errorf("%d steps take %d bytes, want 24 a step at most", len(s.Steps), len(s.Pack().bytes))
	}
}

// What Redis holds may be of another version, or damaged.
func TestPackedSeriesThatIsDamaged(t *testing.T) {
	whole := seriesOf(new(1.5), nil, new(1.0/3)).Pack().bytes
	text := func(b []byte) string { return upstreamtest.AsJSON(t, &PackedSeries{b}) }
	damaged := map[string]string{
		"another form":        `{"steps":[]}`,
		"no base64":           `"%"`,
		"nothing":             `""`,
		"bytes after the end": text(append(whole[:len(whole):len(whole)], 0)),
		"too many steps":      text([]byte{0, 0xff, 0xff, 0xff, 0xff, 0x0f}),
		"unknown condition":   text([]byte{0, 1, 2, 1, 200, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0}),
	}
	for n := range whole {
		damaged["cut off after "+time.Duration(n).String()] = text(whole[:n])
	}
	for name, text := range damaged {
		if err := json.Unmarshal([]byte(text), new(PackedSeries)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzPackedSeries(f *testing.F) {
	f.Add(seriesOf(new(1.5), nil, new(1.0/3)).Pack().bytes)
	f.Add((&Series{Timezone: "Europe/Oslo", Sun: []Sun{{clock(5, 1), clock(17, 59)}}}).Pack().bytes)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := (&PackedSeries{b}).read()
		if err != nil {
			return
		}
		packed := s.Pack()
		if again := upstreamtest.AsJSON(t, packed.Series().Pack()); again != upstreamtest.AsJSON(t, packed) {
			t.Errorf("packed again as %s, want %s", again, upstreamtest.AsJSON(t, packed))
		}
	})
}

func BenchmarkPack(b *testing.B) {
	s := seriesOf()
	for i := range 90 {
		s.Steps = append(s.Steps, Step{At: clock(0, 0).Add(time.Duration(i) * time.Hour), Hours: 1, Condition: Rain, Temperature: new(float64(i%30) / 10), Humidity: new(50.0), Pressure: new(1013.2), WindSpeed: new(2.5), WindDirection: new(float64(i))})
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Pack()
	}
	b.ReportMetric(float64(len(s.Pack().bytes)), "bytes/series")
}
