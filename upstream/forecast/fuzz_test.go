package forecast

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

// checkSeries checks what holds for every decoded forecast: it can be stored and read
// again, its steps are on full hours and in order, and what is merged of it and of
// another one does not contradict itself.
func checkSeries(t *testing.T, name, body string, at time.Time) {
	series, err := decode(name, body, at)
	if err != nil {
		if series != nil {
			t.Errorf("an error and a forecast: %v", err)
		}
		return
	}
	before := upstreamtest.AsJSON(t, series)
	again := new(weather.PackedSeries)
	if err := json.Unmarshal([]byte(upstreamtest.AsJSON(t, series.Pack())), again); err != nil {
		t.Fatalf("stored, but not read again: %v", err)
	}
	if after := upstreamtest.AsJSON(t, again.Series()); after != before {
		t.Errorf("stored as %s, read again as %s", before, after)
	}
	for i, s := range series.Steps {
		if !s.At.Equal(s.At.Truncate(time.Hour)) || i > 0 && !s.At.After(series.Steps[i-1].At) {
			t.Errorf("step %d is at %s", i, s.At)
		}
	}
	place := at60
	other := hourly(at.Truncate(time.Hour).Add(-24*time.Hour), 240, func(i int, s *weather.Step) {
		s.Temperature, s.Precipitation, s.WindSpeed, s.WindGust, s.WindDirection = new(float64(i%20)), new(0.5), new(3.0), new(5.0), new(350.0)
	})
	m := Merge(place, at, series, other)
	checkMerged(t, m)
	if after := upstreamtest.AsJSON(t, series); after != before {
		t.Errorf("merging has changed %s to %s", before, after)
	}
	for _, u := range []weather.Units{weather.Metric, weather.Imperial} {
		f := Present(place, m, weather.Query{Days: 7, Hourly: true, Units: u}, []string{"one", "other"})
		var shown Forecast
		if err := json.Unmarshal([]byte(upstreamtest.AsJSON(t, f)), &shown); err != nil || !reflect.DeepEqual(shown.From, f.From) {
			t.Errorf("shown as %s: %v", upstreamtest.AsJSON(t, f), err)
		}
	}
}

var at60 = at(60, 10, "Europe/Oslo")

func checkMerged(t *testing.T, m *Merged) {
	t.Helper()
	within := func(what string, v *float64, least, most float64) {
		if v != nil && !(*v >= least && *v <= most) {
			t.Errorf("%s = %v", what, *v)
		}
	}
	for i, d := range m.Days {
		if i > 0 && d.Date <= m.Days[i-1].Date {
			t.Errorf("%s comes after %s", d.Date, m.Days[i-1].Date)
		}
		if less(d.TemperatureMax, d.TemperatureMin) || less(d.WindGustMax, d.WindSpeedMax) || (d.TemperatureMin == nil) != (d.TemperatureMax == nil) {
			t.Errorf("a day that contradicts itself: %s", upstreamtest.AsJSON(t, d))
		}
		within("precipitation_sum", d.PrecipitationSum, 0, 25*2000)
		within("precipitation_probability", d.PrecipitationProbability, 0, 100)
		within("wind_direction", d.WindDirection, 0, 360)
		within("uv_index_max", d.UVIndexMax, 0, 50)
		if n := d.by.sources(); n > 2 || d.Confidence != Low && n < 2 {
			t.Errorf("%d sources and a confidence of %s", n, d.Confidence)
		}
	}
	for i, h := range m.Hours {
		if i > 0 && h.At.Sub(m.Hours[i-1].At) != time.Hour || less(h.WindGust, h.WindSpeed) {
			t.Errorf("an hour that contradicts itself: %s", upstreamtest.AsJSON(t, h))
		}
		within("precipitation", h.Precipitation, 0, 2000)
		within("humidity", h.Humidity, 0, 100)
		within("pressure", h.Pressure, 860, 1100)
	}
}

func FuzzOpenMeteo(f *testing.F) {
	f.Add(body(f, "openmeteo-melbourne"))
	f.Add(body(f, "openmeteo-copenhagen"))
	f.Add(`{"utc_offset_seconds":19800,"timezone":"Asia/Kolkata","hourly_units":{"temperature_2m":"°C","precipitation":"mm"},"hourly":{"time":["2025-05-09T20:00"],"temperature_2m":[7e1],"precipitation":[-0]},"daily":{"sunrise":[1],"sunset":[2]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		checkSeries(t, "openmeteo-fuzz", text, recorded["openmeteo-melbourne"])
	})
}

func FuzzOpenWeather(f *testing.F) {
	f.Add(body(f, "openweather-lisbon"))
	f.Add(`{"cod":"404","message":"city not found"}`)
	f.Add(`{"list":[{"dt":1775844000,"main":{"temp":1},"rain":{"3h":1e3},"pop":1.01},{"dt":1775847600,"weather":[{"id":781}],"wind":{"speed":0}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		checkSeries(t, "openweather-fuzz", text, recorded["openweather-lisbon"])
	})
}

func FuzzMETNorway(f *testing.F) {
	oslo := body(f, "metno-oslo")
	f.Add(oslo)
	f.Add(strings.Replace(oslo, `"precipitation_amount":"mm"`, `"precipitation_amount":"inch"`, 1))
	f.Add(`{"properties":{"meta":{"units":{"air_temperature":"celsius"}},"timeseries":[{"time":"2023-11-17T19:00:00Z","data":{"instant":{"details":{"air_temperature":1}},"next_6_hours":{"details":{"precipitation_amount":3}}}}]}}`)
	f.Fuzz(func(t *testing.T, text string) { checkSeries(t, "metno-fuzz", text, recorded["metno-oslo"]) })
}
