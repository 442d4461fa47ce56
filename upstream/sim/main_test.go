package sim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tributary/upstream/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is the time of tests that need a fixed hour.
var noon = time.Date(2026, 11, 24, 12, 34, 56, 0, time.UTC)

func atNoon() time.Time { return noon }

// start returns a simulator on free ports that is closed with the test.
func start(t *testing.T, cfg sim.Config) *sim.Simulator {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = atNoon
	}
	s, err := sim.Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// client has its own connections, which are closed with the test, and a time-out.
func client(t *testing.T, timeout time.Duration) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: timeout}
}

const patience = 10 * time.Second

// reply is a complete response.
type reply struct {
	status int
	header http.Header
	body   string
}

// call sends a request; headers are name, value, name, value…, and an empty value
// removes the header.
func call(t *testing.T, method, url, body string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "sim-test/1.0 test@example.org")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client(t, patience).Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

func get(t *testing.T, url string, headers ...string) reply {
	t.Helper()
	return call(t, http.MethodGet, url, "", headers...)
}

// decode reads a body that must be JSON.
func decode[T any](t *testing.T, r reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("body %q: %v", r.body, err)
	}
	return v
}

// compact removes white space from a body that must be JSON.
func compact(t *testing.T, body string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(body)); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	return b.String()
}

// goodPaths has a path for each provider that it answers with 200.
var goodPaths = map[string]string{
	sim.OpenMeteo:   "/v1/forecast?latitude=28.65&longitude=77.23&current=temperature_2m,weather_code",
	sim.Geocoding:   "/v1/search?name=Delhi",
	sim.OpenWeather: "/data/2.5/weather?lat=28.65&lon=77.23&appid=key&units=metric",
	sim.MetNorway:   "/weatherapi/locationforecast/2.0/compact?lat=28.65&lon=77.23",
	sim.Directory:   "/users/1",
	sim.GitHub:      "/users/bret",

	sim.OpenMeteoAir: "/v1/air-quality?latitude=28.65&longitude=77.23&current=pm2_5,us_aqi",
}

var providers = []string{sim.OpenMeteo, sim.Geocoding, sim.OpenWeather, sim.MetNorway, sim.Directory, sim.GitHub, sim.OpenMeteoAir}
