package sim_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tributary/upstream/sim"
)

func itoa(n int) string { return strconv.Itoa(n) }

type metPeriod struct {
	Summary struct {
		Symbol string `json:"symbol_code"`
	}
	Details struct {
		Precipitation *float64 `json:"precipitation_amount"`
	}
}

type metBody struct {
	Type     string
	Geometry struct {
		Type        string
		Coordinates []float64
	}
	Properties struct {
		Meta struct {
			UpdatedAt time.Time `json:"updated_at"`
			Units     map[string]string
		}
		Timeseries []struct {
			Time time.Time
			Data struct {
				Instant struct{ Details map[string]float64 }
				Next1   *metPeriod `json:"next_1_hours"`
				Next6   *metPeriod `json:"next_6_hours"`
				Next12  *metPeriod `json:"next_12_hours"`
			}
		}
	}
}

const compactPath = "/weatherapi/locationforecast/2.0/compact"

func TestMetNorwayCompact(t *testing.T) {
	s := start(t, sim.Config{})
	got := get(t, s.URL(sim.MetNorway)+compactPath+"?lat=59.91&lon=10.75&altitude=26")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("status = %d, type %q: %.200s", got.status, got.header.Get("Content-Type"), got.body)
	}
	body := decode[metBody](t, got)
	if body.Type != "Feature" || body.Geometry.Type != "Point" || len(body.Geometry.Coordinates) != 3 ||
		body.Geometry.Coordinates[0] != 10.75 || body.Geometry.Coordinates[1] != 59.91 || body.Geometry.Coordinates[2] != 26 {
		t.Errorf("geometry = %+v, want longitude, latitude, altitude", body.Geometry)
	}
	if units := body.Properties.Meta.Units; units["wind_speed"] != "m/s" || units["air_temperature"] != "celsius" || len(units) != 7 {
		t.Errorf("units = %v", units)
	}
	hour := noon.Truncate(time.Hour)
	if !body.Properties.Meta.UpdatedAt.Equal(hour) {
		t.Errorf("updated_at = %v, want %v", body.Properties.Meta.UpdatedAt, hour)
	}

	series := body.Properties.Timeseries
	if len(series) < 54 || !series[0].Time.Equal(hour) {
		t.Fatalf("%d entries from %v, want at least 54 from %v", len(series), series[0].Time, hour)
	}
	for i, e := range series {
		step := time.Hour
		if i > 0 && series[i-1].Data.Next1 == nil {
			step = 6 * time.Hour
		}
		if i > 0 && e.Time.Sub(series[i-1].Time) != step {
			t.Errorf("entry %d is at %v, %v after the one before", i, e.Time, e.Time.Sub(series[i-1].Time))
		}
		if hourly := e.Time.Before(hour.Add(48 * time.Hour)); hourly != (e.Data.Next1 != nil) {
			t.Errorf("entry %d at %v: next_1_hours = %v", i, e.Time, e.Data.Next1)
		}
		if e.Data.Next1 == nil && e.Time.Hour()%6 != 0 {
			t.Errorf("the six-hourly entry %d is at %v", i, e.Time)
		}
		if (e.Data.Next6 == nil) != (i == len(series)-1) || (e.Data.Next12 == nil) != (i >= len(series)-2) {
			t.Errorf("entry %d of %d has next_6_hours %v, next_12_hours %v", i, len(series), e.Data.Next6, e.Data.Next12)
		}
		if len(e.Data.Instant.Details) != 6 {
			t.Errorf("entry %d: details = %v, want six", i, e.Data.Instant.Details)
		}
		for _, p := range []*metPeriod{e.Data.Next1, e.Data.Next6} {
			if p != nil && (p.Details.Precipitation == nil || p.Summary.Symbol == "") {
				t.Errorf("entry %d has a period %+v", i, p)
			}
		}
	}
}

func TestMetNorwayStartsSixHoursOnTheClock(t *testing.T) {
	for hour := range 6 {
		s := start(t, sim.Config{Now: func() time.Time { return noon.Add(time.Duration(hour) * time.Hour) }})
		series := decode[metBody](t, get(t, s.URL(sim.MetNorway)+compactPath+"?lat=-1.5&lon=30")).Properties.Timeseries
		for i, e := range series {
			if e.Data.Next1 == nil && e.Time.Hour()%6 != 0 {
				t.Errorf("from %v, entry %d is at %v", series[0].Time, i, e.Time)
			}
		}
	}
}

func TestMetNorwayValidation(t *testing.T) {
	now := noon
	s := start(t, sim.Config{Now: func() time.Time { return now }})
	url := s.URL(sim.MetNorway) + compactPath + "?lat=59.91&lon=10.75"
	first := get(t, url)
	modified := first.header.Get("Last-Modified")
	if want := "Tue, 24 Nov 2026 12:00:00 GMT"; modified != want {
		t.Errorf("Last-Modified = %q, want %q", modified, want)
	}
	if got, want := first.header.Get("Expires"), "Tue, 24 Nov 2026 13:04:56 GMT"; got != want {
		t.Errorf("Expires = %q, want %q", got, want)
	}
	if first.header.Get("ETag") != "" || first.header.Get("Cache-Control") != "" {
		t.Errorf("headers that the provider does not send: %v", first.header)
	}
	now = noon.Add(20 * time.Minute)
	again := get(t, url, "If-Modified-Since", modified)
	if again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("the same hour: %d %q, want 304", again.status, again.body)
	}
	if got, want := again.header.Get("Expires"), "Tue, 24 Nov 2026 13:24:56 GMT"; got != want {
		t.Errorf("Expires of the 304 = %q, want %q", got, want)
	}
	now = noon.Add(time.Hour)
	if got := get(t, url, "If-Modified-Since", modified).status; got != http.StatusOK {
		t.Errorf("an hour later: %d, want 200", got)
	}
}

func TestMetNorwayRefuses(t *testing.T) {
	s := start(t, sim.Config{})
	for _, tt := range []struct {
		name, query, agent string
		status             int
	}{
		{"no User-Agent", "lat=1&lon=2", "", 403},
		{"Go's own User-Agent", "lat=1&lon=2", "Go-http-client/1.1", 403},
		{"curl's own User-Agent", "lat=1&lon=2", "curl/8.5.0", 403},
		{"a browser", "lat=1&lon=2", "Mozilla/5.0 (X11; Linux x86_64)", 200},
		{"an application", "lat=1&lon=2", "tributary/1.0", 200},
		{"a contact", "lat=1&lon=2", "tributary/1.0 someone@example.org", 200},
		{"four decimals", "lat=1.2345&lon=-2.3456", "tributary/1.0", 200},
		{"five decimals", "lat=1.23456&lon=2", "tributary/1.0", 403},
		{"no latitude", "lon=2", "tributary/1.0", 400},
		{"a latitude beyond the pole", "lat=90.1&lon=2", "tributary/1.0", 400},
		{"a longitude in words", "lat=1&lon=east", "tributary/1.0", 400},
		{"a broken altitude", "lat=1&lon=2&altitude=1.5", "tributary/1.0", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := get(t, s.URL(sim.MetNorway)+compactPath+"?"+tt.query, "User-Agent", tt.agent)
			if got.status != tt.status {
				t.Errorf("status = %d, want %d: %.200s", got.status, tt.status, got.body)
			}
			if html := strings.Contains(got.body, "<html>") && strings.HasPrefix(got.header.Get("Content-Type"), "text/html"); html != (tt.status != 200) {
				t.Errorf("type %q, body %.60q", got.header.Get("Content-Type"), got.body)
			}
		})
	}
}
