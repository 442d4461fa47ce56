package forecast

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

// recorded are the recorded answers, with the time at which each is read.
var recorded = map[string]time.Time{
	"metno-arabian":          utc(2021, 10, 12, 11, 20),
	"metno-oslo":             utc(2023, 11, 17, 19, 20),
	"openmeteo-berlin":       utc(2023, 11, 13, 10, 51),
	"openmeteo-copenhagen":   utc(2026, 7, 26, 21, 5),
	"openmeteo-melbourne":    utc(2025, 5, 9, 13, 20),
	"openweather-antarctica": utc(2025, 3, 20, 19, 0),
	"openweather-bologna":    utc(2021, 1, 24, 10, 0),
	"openweather-boulder":    utc(2017, 3, 2, 19, 0),
	"openweather-kochi":      utc(2014, 8, 28, 7, 0),
	"openweather-lisbon":     utc(2026, 4, 10, 16, 0),
	"openweather-london":     utc(2025, 3, 20, 19, 0),
	"openweather-nuremberg":  utc(2024, 5, 27, 10, 0),
}

func utc(year, month, day, hour, minute int) time.Time {
	return time.Date(year, time.Month(month), day, hour, minute, 0, 0, time.UTC)
}

// body is a recorded answer in metric units.
func body(t testing.TB, name string) string {
	t.Helper()
	text := upstreamtest.Testdata(t, name+".json")
	convert := func(f func(main, wind map[string]any)) string {
		var a map[string]any
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatal(err)
		}
		for _, e := range a["list"].([]any) {
			f(e.(map[string]any)["main"].(map[string]any), e.(map[string]any)["wind"].(map[string]any))
		}
		return upstreamtest.AsJSON(t, a)
	}
	hundredths := func(v float64) float64 { return math.Round(v*100) / 100 }
	switch name {
	case "openweather-antarctica", "openweather-bologna", "openweather-london", "openweather-nuremberg":
		return convert(func(main, _ map[string]any) {
			main["temp"] = hundredths(main["temp"].(float64) - 273.15)
			delete(main, "feels_like")
		})
	case "openweather-boulder":
		return convert(func(main, wind map[string]any) {
			main["temp"] = hundredths((main["temp"].(float64) - 32) / 1.8)
			wind["speed"] = wind["speed"].(float64) * 0.44704
		})
	}
	return text
}

// decode reads an answer as its provider's source does. The name begins with that of
// the provider.
func decode(name, body string, at time.Time) (*weather.Series, error) {
	r := upstreamtest.Respond(body, at)
	switch provider, _, _ := strings.Cut(name, "-"); provider {
	case "openmeteo":
		return unpacked(weather.OpenMeteoForecast().Decode(r))
	case "openweather":
		return unpacked(weather.OpenWeatherForecast().Decode(r))
	}
	report, err := weather.METNorway().Decode(r)
	if err != nil {
		return nil, err
	}
	return report.Forecast.Series(), nil
}

func unpacked(p *weather.PackedSeries, err error) (*weather.Series, error) {
	if err != nil {
		return nil, err
	}
	return p.Series(), nil
}

// read returns a recorded forecast.
func read(t testing.TB, name string) *weather.Series {
	t.Helper()
	s, err := decode(name, body(t, name), recorded[name])
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// wantJSON compares the JSON of a value.
func wantJSON(t *testing.T, got any, want string) {
	t.Helper()
	if text := upstreamtest.AsJSON(t, got); text != want {
		t.Errorf("got\n%s, want\n%s", text, want)
	}
}

// at is a place with a time zone.
func at(latitude, longitude float64, timezone string) weather.Place {
	p := weather.NewPlace(latitude, longitude)
	p.Timezone = timezone
	return p
}

// hourly is a series of n hours from a time, each made by fill.
func hourly(from time.Time, n int, fill func(i int, s *weather.Step)) *weather.Series {
	return every(time.Hour, from, n, fill)
}

func every(distance time.Duration, from time.Time, n int, fill func(i int, s *weather.Step)) *weather.Series {
	s := &weather.Series{Steps: make([]weather.Step, n)}
	for i := range s.Steps {
		s.Steps[i] = weather.Step{At: from.Add(time.Duration(i) * distance), Hours: int(distance / time.Hour)}
		fill(i, &s.Steps[i])
	}
	return s
}
