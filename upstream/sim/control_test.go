package sim_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"tributary/upstream/sim"
)

type providerState struct {
	sim.Fault
	Calls int64
	URL   string
}

func TestControlListsEveryProvider(t *testing.T) {
	s := start(t, sim.Config{})
	get(t, s.URL(sim.GitHub)+"/users/octocat")
	states := decode[map[string]providerState](t, get(t, s.URL(sim.Control)+"/_sim"))
	if len(states) != len(providers) {
		t.Errorf("%d providers, want %d", len(states), len(providers))
	}
	for _, p := range providers {
		want := providerState{Fault: sim.Fault{Status: 500, Mode: sim.ModeOK}, Calls: s.Calls(p), URL: s.URL(p)}
		if states[p] != want {
			t.Errorf("%s = %+v, want %+v", p, states[p], want)
		}
	}
	if states[sim.GitHub].Calls != 1 {
		t.Errorf("calls of github = %d, want 1", states[sim.GitHub].Calls)
	}
}

func TestPutSetsAndDeleteClears(t *testing.T) {
	s := start(t, sim.Config{})
	control := s.URL(sim.Control) + "/_sim"
	healthy := sim.Fault{Status: 500, Mode: sim.ModeOK}
	stateOf := func(p string) sim.Fault {
		return decode[providerState](t, get(t, control+"/"+p)).Fault
	}

	put := call(t, "PUT", control+"/metno", `{"latency_ms": 5, "jitter_ms": 2, "error_rate": 0.5, "status": 429, "retry_after_s": 3, "mode": "truncate", "match": "lat=1", "for_s": 60}`)
	want := sim.Fault{LatencyMS: 5, JitterMS: 2, ErrorRate: 0.5, Status: 429, RetryAfterS: 3, Mode: sim.ModeTruncate, Match: "lat=1", ForS: 60}
	if got := decode[providerState](t, put).Fault; put.status != http.StatusOK || got != want {
		t.Errorf("PUT answers %d %+v, want 200 %+v", put.status, got, want)
	}
	if got := stateOf(sim.MetNorway); got != want {
		t.Errorf("after PUT: %+v, want %+v", got, want)
	}
	call(t, "PUT", control+"/metno", `{"latency_ms": 5}`)
	if got, want := stateOf(sim.MetNorway), (sim.Fault{LatencyMS: 5, Status: 500, Mode: sim.ModeOK}); got != want {
		t.Errorf("a PUT replaces the whole: %+v, want %+v", got, want)
	}
	call(t, "PUT", control+"/github", `{"mode": "down"}`)
	if _, err := net.Dial("tcp", strings.TrimPrefix(s.URL(sim.GitHub), "http://")); err == nil {
		t.Error("github is down and answers")
	}
	if got := call(t, "DELETE", control+"/metno", ""); got.status != http.StatusNoContent || got.body != "" {
		t.Errorf("DELETE answers %d %q, want 204", got.status, got.body)
	}
	if got := stateOf(sim.MetNorway); got != healthy {
		t.Errorf("after DELETE: %+v, want %+v", got, healthy)
	}
	if got := stateOf(sim.GitHub).Mode; got != sim.ModeDown {
		t.Errorf("another provider after DELETE: %q, want down", got)
	}
	if got := call(t, "DELETE", control, ""); got.status != http.StatusNoContent {
		t.Errorf("DELETE of all answers %d, want 204", got.status)
	}
	if got := get(t, s.URL(sim.GitHub)+"/users/octocat").status; got != http.StatusOK {
		t.Errorf("github after DELETE of all: %d, want 200", got)
	}
}

func TestPutNamesEveryMistake(t *testing.T) {
	s := start(t, sim.Config{})
	for name, tt := range map[string]struct{ body, fields string }{
		"an unknown field":              {`{"latency": 5}`, "latency"},
		"an unknown mode":               {`{"mode": "slow"}`, "mode"},
		"an empty mode":                 {`{"mode": ""}`, "mode"},
		"a negative latency":            {`{"latency_ms": -1}`, "latency_ms"},
		"a negative jitter":             {`{"jitter_ms": -1}`, "jitter_ms"},
		"a negative Retry-After":        {`{"retry_after_s": -1}`, "retry_after_s"},
		"a rate above one":              {`{"error_rate": 1.5}`, "error_rate"},
		"a rate below nought":           {`{"error_rate": -0.1}`, "error_rate"},
		"a status that is not an error": {`{"status": 302}`, "status"},
		"a status of nought":            {`{"status": 0}`, "status"},
		"a status beyond them all":      {`{"status": 600}`, "status"},
		"a negative duration":           {`{"for_s": -1}`, "for_s"},
		"down for some requests":        {`{"mode": "down", "match": "x"}`, "match"},
		"a number in quotes":            {`{"latency_ms": "5"}`, "latency_ms"},
		"a fraction of a ms":            {`{"latency_ms": 0.5}`, "latency_ms"},
		"several mistakes":              {`{"status": 1, "mode": 1, "x": 1}`, "mode status x"},
		"no JSON":                       {`{"mode": `, ""},
		"a list":                        {`[]`, ""},
		"null":                          {`null`, ""},
		"nothing":                       {``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, "PUT", s.URL(sim.Control)+"/_sim/github", tt.body)
			refusal := decode[struct {
				Error  string
				Fields map[string]string
			}](t, got)
			if got.status != http.StatusBadRequest || refusal.Error == "" {
				t.Errorf("PUT %s: %d %s, want 400 with an error", tt.body, got.status, got.body)
			}
			for field := range strings.FieldsSeq(tt.fields) {
				if refusal.Fields[field] == "" || !strings.Contains(refusal.Error, field) {
					t.Errorf("PUT %s: %s does not name %s", tt.body, got.body, field)
				}
			}
			if mode := decode[providerState](t, get(t, s.URL(sim.Control)+"/_sim/github")).Mode; mode != sim.ModeOK {
				t.Errorf("the refused fault was set: %q", mode)
			}
		})
	}
}

func TestControlRefuses(t *testing.T) {
	s := start(t, sim.Config{})
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"PUT", "/_sim/nobody", 404},
		{"GET", "/_sim/nobody", 404},
		{"DELETE", "/_sim/nobody", 404},
		{"PUT", "/_sim/sim", 404},
		{"GET", "/sim", 404},
		{"POST", "/_sim/github", 405},
	} {
		if got := call(t, tt.method, s.URL(sim.Control)+tt.path, "{}"); got.status != tt.status {
			t.Errorf("%s %s: status = %d, want %d", tt.method, tt.path, got.status, tt.status)
		}
	}
}

// listenURL takes the port of a provider that is down.
func listenURL(t *testing.T, url string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}
