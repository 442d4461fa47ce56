package air

import (
	"encoding/json"
	"reflect"
	"testing"

	"tributary/upstream"
	"tributary/upstream/weather"
)

// checkReport checks what holds for every report of a decoder: its values are
// possible, and it can be stored and read again, merged and shown.
func checkReport(t *testing.T, decode func(upstream.Response) (*Report, error), body []byte) {
	report, err := decode(respond(string(body), now))
	if err != nil {
		if report != nil {
			t.Errorf("an error and a report: %v", err)
		}
		return
	}
	before := asJSON(t, report)
	if err := report.validate(now, nil); err != nil {
		t.Errorf("%s is not valid: %v", before, err)
	}
	if after := asJSON(t, report); after != before {
		t.Errorf("has impossible values: %s, without them %s", before, after)
	}
	var again *Report
	if err := json.Unmarshal([]byte(before), &again); err != nil {
		t.Fatalf("stored, but not read again: %v", err)
	}
	if !reflect.DeepEqual(again, report) {
		t.Errorf("stored as %s, read again as %s", before, asJSON(t, again))
	}
	shown := Present(weather.NewPlace(28.65, 77.23), Merge(report, &Report{ObservedAt: now, Pollutants: *clean(func(*Pollutants) {})}))
	var decoded Current
	if err := json.Unmarshal([]byte(asJSON(t, shown)), &decoded); err != nil {
		t.Errorf("shown, but not read again: %v", err)
	}
	if shown.European == nil || *shown.European < 0 || shown.Category == "" || shown.Dominant == "" {
		t.Errorf("index = %s of clean air and %s", asJSON(t, shown.Index), before)
	}
}

func FuzzOpenMeteo(f *testing.F) {
	f.Add([]byte(testdata(f, "openmeteo-denver.json")))
	f.Add([]byte(openMeteoBody(`"pm2_5":"μg/m³","us_aqi":"USAQI","grass_pollen":"grains/m³"`, `,"pm2_5":-0,"us_aqi":12.5,"grass_pollen":1e3`)))
	f.Add([]byte(`{"utc_offset_seconds":-3600,"current_units":{"ozone":"μg/m³"},"current":{"time":"2026-11-24T05:00","ozone":7e1}}`))
	f.Fuzz(func(t *testing.T, body []byte) { checkReport(t, decodeOpenMeteo, body) })
}

func FuzzOpenWeather(f *testing.F) {
	f.Add([]byte(testdata(f, "openweather-beijing.json")))
	f.Add([]byte(openWeatherBody(`{"pm2_5":0,"pm10":1e4,"o3":"x","no2":null}`)))
	f.Add([]byte(`{"cod":"404","message":"city not found"}`))
	f.Fuzz(func(t *testing.T, body []byte) { checkReport(t, decodeOpenWeather, body) })
}
