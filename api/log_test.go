package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"tributary/api/auth"
)

// logbook is a log that a test can read.
type logbook struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *logbook) lines(t *testing.T) (lines []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range bytes.Lines(l.all.Bytes()) {
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatalf("%v in log line %q", err, line)
		}
		lines = append(lines, fields)
	}
	return lines
}

func TestAccessLog(t *testing.T) {
	var log logbook
	g := newGateway(t, func(s *setup) { s.logTo = &log })
	g.metno.Now(breaks)
	a := g.get(here, "X-Request-Id", "mine", "Accept-Encoding", "identity")
	g.get("/v1/weather?city=secret%00").wantStatus(http.StatusBadRequest)
	g.get("/livez")
	g.get("/readyz")
	lines := slices.DeleteFunc(log.lines(t), func(line map[string]any) bool { return line["msg"] != "request" })
	if len(lines) != 2 {
		t.Fatalf("log = %v, want a line for each request, but none for health checks", lines)
	}
	for name, want := range map[string]any{
		"level": "INFO", "method": "GET", "route": "/v1/weather", "status": 200.0, "bytes": float64(len(a.body)),
		"request_id": "mine", "degraded": true, "trace_id": a.weather().Meta.TraceID,
	} {
		if got := lines[0][name]; got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	if got := lines[1]; got["status"] != 400.0 || got["degraded"] != false || strings.Contains(string(mustJSON(t, got)), "secret") {
		t.Errorf("log = %v, want a 400 without the query", got)
	}
}

// Who called, and what was wrong, stands in the line of the request.
func TestAccessLogNamesCallersAndProblems(t *testing.T) {
	requests := func(t *testing.T, log *logbook) []map[string]any {
		return slices.DeleteFunc(log.lines(t), func(line map[string]any) bool { return line["msg"] != "request" })
	}
	for _, c := range []struct {
		name   string
		ask    func(g *gateway)
		fields map[string]any
	}{
		{"an anonymous request that is answered", func(g *gateway) { g.get(here) }, map[string]any{"level": "INFO", "caller": nil, "problem": nil, "status": 200.0}},
		{"a request with a key", func(g *gateway) { g.get(here, "X-API-Key", "reader-secret") }, map[string]any{"level": "INFO", "caller": "reader"}},
		{"a mistake of the caller", func(g *gateway) { g.get("/v1/weather", "X-API-Key", "reader-secret") }, map[string]any{"level": "INFO", "caller": "reader", "problem": "invalid_parameters"}},
		{"wrong credentials", func(g *gateway) { g.get(here, "X-API-Key", "guess") }, map[string]any{"level": "INFO", "caller": nil, "problem": "unauthorized"}},
		{"a failure of all sources", func(g *gateway) {
			for _, f := range []*fake{g.openmeteo, g.metno, g.openweather} {
				f.Now(breaks)
			}
			g.get(here)
		}, map[string]any{"level": "WARN", "route": "/v1/weather", "problem": "all_sources_failed", "status": 502.0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log logbook
			keys, err := auth.New(auth.Config{Keys: []auth.Key{{Name: "reader", Scopes: []string{auth.WeatherRead}, Key: "reader-secret"}}, Anonymous: []string{auth.WeatherRead}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(keys.Close)
			c.ask(newGateway(t, func(s *setup) { s.logTo, s.Auth = &log, keys }))
			lines := requests(t, &log)
			if len(lines) != 1 {
				t.Fatalf("log = %v, want one line", lines)
			}
			for name, want := range c.fields {
				if got := lines[0][name]; got != want {
					t.Errorf("%s = %v, want %v; the line is %v", name, got, want, lines[0])
				}
			}
		})
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
