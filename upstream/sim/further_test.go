package sim_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"tributary/upstream/sim"
)

// parrots is a further provider that repeats what it is told.
func parrots() sim.Provider {
	return sim.Provider{
		Name: "parrots",
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/nothing" {
				return
			}
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprintf(w, "%s %s", r.Method, r.URL)
			fmt.Fprintf(w, " %s", body)
			w.Header().Set("Too-Late", "1")
		}),
		Route: func(r *http.Request) string {
			if strings.HasPrefix(r.URL.Path, "/cages/") {
				return "/cages/{cage}"
			}
			return ""
		},
	}
}

func TestFurtherProvidersAnswer(t *testing.T) {
	s := start(t, sim.Config{Further: []sim.Provider{parrots(), {Name: "owls", Handler: http.NotFoundHandler()}}})
	got := call(t, http.MethodPut, s.URL("parrots")+"/cages/1?x=y", "hello")
	if got.status != http.StatusAccepted || got.body != "PUT /cages/1?x=y hello" || got.header.Get("Content-Type") != "text/plain" || got.header.Get("Too-Late") != "" {
		t.Errorf("answer = %+v, want 202, what was sent, and text/plain", got)
	}
	if got := get(t, s.URL("parrots")+"/nothing"); got.status != http.StatusOK || got.body != "" {
		t.Errorf("answer of a handler that writes nothing = %+v, want an empty 200", got)
	}
	if got := get(t, s.URL("owls")); got.status != http.StatusNotFound {
		t.Errorf("status of the second = %d, want 404", got.status)
	}
	names := ""
	for _, l := range s.Listeners() {
		names += l.Name + " "
	}
	if want := sim.Control + " " + strings.Join(providers, " ") + " parrots owls "; names != want {
		t.Errorf("listeners = %s, want %s", names, want)
	}
	if states := decode[map[string]providerState](t, get(t, s.URL(sim.Control)+"/_sim")); states["parrots"].Calls != 2 || states["owls"].URL != s.URL("owls") {
		t.Errorf("GET /_sim = %+v, want 2 calls of parrots, and owls", states)
	}
}

func TestFurtherProvidersHaveFaults(t *testing.T) {
	s := start(t, sim.Config{Further: []sim.Provider{parrots()}})
	url := s.URL("parrots")
	set(t, s, "parrots", sim.Fault{ErrorRate: 1, Status: 429, RetryAfterS: 7})
	if got := get(t, url); got.status != 429 || got.body != `{"error":"Too Many Requests"}` || got.header.Get("Retry-After") != "7" {
		t.Errorf("answer = %+v, want 429, Retry-After 7 and an error", got)
	}
	set(t, s, "parrots", sim.Fault{Mode: sim.ModeGarbage})
	if got := get(t, url); got.status != http.StatusOK || !strings.HasPrefix(got.body, "<!DOCTYPE") || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
		t.Errorf("answer = %+v, want 200 and a page called JSON", got)
	}
	for _, mode := range []sim.Mode{sim.ModeReset, sim.ModeTruncate, sim.ModeDown} {
		set(t, s, "parrots", sim.Fault{Mode: mode})
		if resp, err := client(t, patience).Get(url); err == nil {
			if body, err := io.ReadAll(resp.Body); err == nil {
				t.Errorf("%s: the answer %q is complete", mode, body)
			}
			resp.Body.Close()
		}
	}
	set(t, s, "parrots", sim.Fault{})
	if got := get(t, url); got.status != http.StatusAccepted || s.URL("parrots") != url {
		t.Errorf("after all faults: %+v at %s, want 202 at %s", got, s.URL("parrots"), url)
	}
}

func TestFurtherProvidersHaveSpans(t *testing.T) {
	for path, name := range map[string]string{"/cages/7": "GET /cages/{cage}", "/other": "GET"} {
		s, spans := traced(t, parrots())
		get(t, s.URL("parrots")+path)
		span, attrs := only(t, s, spans)
		if span.Name != name || attrs["tributary.source.name"] != "parrots" || attrs["http.response.status_code"] != "202" {
			t.Errorf("span of %s = %q %v, want %q of parrots, 202", path, span.Name, attrs, name)
		}
	}
}

func TestFurtherProvidersNeedNamesOfTheirOwn(t *testing.T) {
	for _, name := range []string{"", sim.Control, sim.GitHub, "parrots"} {
		if s, err := sim.Start(context.Background(), sim.Config{Further: []sim.Provider{parrots(), {Name: name, Handler: http.NotFoundHandler()}}}); err == nil {
			t.Errorf("a further provider is called %q", name)
			s.Close()
		}
	}
}
