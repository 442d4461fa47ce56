package weather

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// checkReport checks what every decoded report must satisfy: its values are possible,
// and it can be stored as JSON, merged and presented.
func checkReport(t *testing.T, decode func(upstream.Response) (*Report, error), body []byte) {
	report, err := decode(respond(string(body), now))
	if err != nil {
		if report != nil {
			t.Errorf("an error and a report: %v", err)
		}
		return
	}
	if packed := report.Pack().all(); !reflect.DeepEqual(packed, report) {
		t.Errorf("%s, packed and unpacked %s", asJSON(t, report), asJSON(t, packed))
	}
	before := asJSON(t, report)
	for r := report; r != nil; r = r.Next {
		r.dropImpossible()
		if err := r.checkTemperature(); err != nil {
			t.Errorf("not valid: %v", err)
		}
	}
	if err := aggregate.CheckObserved(report.ObservedAt, now); err != nil {
		t.Errorf("not valid: %v", err)
	}
	if after := asJSON(t, report); after != before {
		t.Errorf("has impossible values: %s, without them %s", before, after)
	}
	var again *Report
	if err := json.Unmarshal([]byte(asJSON(t, report)), &again); err != nil {
		t.Fatalf("stored, but not read again: %v", err)
	}
	if !reflect.DeepEqual(again, report) {
		t.Errorf("stored as %s, read again as %s", asJSON(t, report), asJSON(t, again))
	}
	reports := []*Report{report, {ObservedAt: now, Temperature: new(20.0), WindDirection: new(10.0)}}
	m := Merge(now, reports...)
	checkMerged(t, m, reports)
	for _, u := range []Units{Metric, Imperial} {
		if shown := Present(NewPlace(28.65, 77.23), m, u); !json.Valid([]byte(asJSON(t, shown))) {
			t.Errorf("shown as %s", asJSON(t, shown))
		}
	}
}

func FuzzOpenMeteo(f *testing.F) {
	f.Add([]byte(testdata(f, "openmeteo.json")))
	f.Add([]byte(`{"utc_offset_seconds":-34200,"current_units":{"temperature_2m":"°F"},"current":{"time":"2026-11-23T20:45","temperature_2m":7e1}}`))
	f.Add([]byte(`{"current_weather_units":{"temperature":"°C"},"current_weather":{"time":1795500900,"temperature":9}}`))
	f.Fuzz(func(t *testing.T, body []byte) { checkReport(t, decodeOpenMeteo, body) })
}

func FuzzOpenWeather(f *testing.F) {
	f.Add([]byte(testdata(f, "openweather.json")))
	f.Add([]byte(`{"weather":[{"id":616}],"main":{"temp":0},"rain":{"3h":1},"snow":{"1h":1},"dt":1795500720}`))
	f.Add([]byte(`{"cod":"404","message":"city not found"}`))
	f.Fuzz(func(t *testing.T, body []byte) { checkReport(t, decodeOpenWeather, body) })
}

func FuzzMETNorway(f *testing.F) {
	f.Add([]byte(metnoBody([]int{6, 7, 8, 14}, `,"precipitation_amount":"mm"`, ``, `,"next_1_hours":{"summary":{"symbol_code":"rain"},"details":{"precipitation_amount":1}}`)))
	f.Add([]byte(metnoBody([]int{4, 5, 6}, `,"wind_speed":"m/s"`, `,"wind_speed":3`, ``)))
	for _, body := range oddMETNorway() {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		checkReport(t, decodeMETNorway, body)
		checkStream(t, body)
	})
}

func FuzzGeocoding(f *testing.F) {
	f.Add([]byte(testdata(f, "geocoding.json")))
	f.Add([]byte(`{"generationtime_ms":0.5}`))
	f.Add([]byte(`{"results":[{"name":"A","latitude":1},{"name":7},null]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		found, err := Geocoding().Decode(respond(string(body), now))
		if err != nil {
			if typed, ok := errors.AsType[*upstream.Error](err); ok && typed.Code != upstream.CodeNotFound {
				t.Errorf("error = %v", err)
			}
			return
		}
		if len(found.Places) == 0 {
			t.Error("no place and no error")
		}
		var again Found
		if err := json.Unmarshal([]byte(asJSON(t, found)), &again); err != nil {
			t.Fatalf("stored, but not read again: %v", err)
		}
		if !reflect.DeepEqual(again, found) {
			t.Errorf("stored as %s, read again as %s", asJSON(t, found), asJSON(t, again))
		}
		for _, p := range found.Places {
			if p.Name == "" || p.Key() != NewPlace(p.Latitude, p.Longitude).Key() {
				t.Errorf("place %+v has the key %q", p, p.Key())
			}
		}
	})
}
