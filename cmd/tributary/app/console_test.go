package app

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tributary/telemetry/story"
)

// shownJSON is a model of the console, as far as these tests read it.
type shownJSON struct {
	Docs      string `json:"docs_url"`
	Jaeger    string `json:"jaeger_ui_url"`
	Faults    *struct{ Modes []string }
	Upstreams []struct {
		Name, Host string
		Enabled    bool
	}
	Sources   []struct{ Name, Upstream string }
	Endpoints []struct {
		Route   string
		Sources []string
	}
}

// operators asks the admin listener of a world, whose public listener has an address.
func (w *world) operators(public net.Addr) func(path string, into any) int {
	w.t.Helper()
	cfg, err := readConfig(w.g.endpoints.getenv)
	if err != nil {
		w.t.Fatal(err)
	}
	page := newConsole(cfg, w.g, w.tel, nil, public)
	w.t.Cleanup(page.Close)
	h := adminHandler(cfg, w.tel, page)
	return func(path string, into any) int {
		r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://127.0.0.1:8081"+path, nil)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if into != nil {
			if err := json.Unmarshal(rec.Body.Bytes(), into); err != nil {
				w.t.Fatalf("%s = %d %s: %v", path, rec.Code, rec.Body, err)
			}
		}
		return rec.Code
	}
}

func TestConsoleOfDeclaredEndpoints(t *testing.T) {
	it(t, "has what the file declares, also after it has changed", func(t *testing.T) {
		s := newShop(t, "timeout: 1s", "JAEGER_UI_URL", "http://localhost:16686")
		get := s.operators(&net.TCPAddr{IP: net.IPv6unspecified, Port: 8080})
		s.get("/v1/things/1")
		var m shownJSON
		get("/console/model", &m)
		if m.Docs != "http://127.0.0.1:8080/docs" || m.Jaeger != "http://localhost:16686" || m.Faults != nil {
			t.Errorf("model = %+v", m)
		}
		last := m.Upstreams[len(m.Upstreams)-1]
		if last.Name != "others" || last.Host != "others.test" || !last.Enabled {
			t.Errorf("the last upstream = %+v, want that of the file", last)
		}
		end := m.Endpoints[len(m.Endpoints)-2]
		if end.Route != "/v1/things/{id}" || len(end.Sources) != 1 || end.Sources[0] != "thing" {
			t.Errorf("endpoint = %+v, want the things with their source", end)
		}
		if source := m.Sources[len(m.Sources)-1]; source.Name != "other" || source.Upstream != "others" {
			t.Errorf("source = %+v", source)
		}

		s.write("endpoints.yaml", strings.ReplaceAll(fmt.Sprintf(theFile, "timeout: 1s", "name: thing.name"), "/v1/others/", "/v1/more/"))
		s.g.endpoints.Reload()
		s.write("endpoints.yaml", "version: 2")
		s.g.endpoints.Reload()
		get("/console/model", &m)
		if end := m.Endpoints[len(m.Endpoints)-1]; end.Route != "/v1/more/{id}" {
			t.Errorf("after a change the last endpoint is %+v", end)
		}
		events, _ := s.tel.Stories().Events(0)
		if len(events) != 2 || events[0].Kind != story.EndpointsLoaded || events[0].Text != "endpoints loaded: 2 endpoints and 2 upstreams" || events[1].Kind != story.EndpointsRefused {
			t.Errorf("events = %+v", events)
		}
	})
	it(t, "is not there when it is off, and profiles neither", func(t *testing.T) {
		s := newShop(t, "timeout: 1s", "CONSOLE", "off", "PPROF", "off")
		get := s.operators(nil)
		for path, want := range map[string]int{"/console": 404, "/console/model": 404, "/debug/pprof/": 404, "/metrics": 200} {
			if got := get(path, nil); got != want {
				t.Errorf("%s = %d, want %d", path, got, want)
			}
		}
		if s.get("/v1/things/1"); s.tel.Stories() != nil {
			t.Error("stories are recorded although nobody can read them")
		}
	})
	it(t, "has profiles beside it unless they are off", func(t *testing.T) {
		get := newShop(t, "timeout: 1s").operators(nil)
		for _, path := range []string{"/console", "/console/", "/console/tributary.css", "/debug/pprof/", "/metrics"} {
			if got := get(path, nil); got != 200 {
				t.Errorf("%s = %d, want 200", path, got)
			}
		}
	})
}

// TestConsoleIsNotPublic: the API has no such paths.
func TestConsoleIsNotPublic(t *testing.T) {
	it(t, "whatever its operators may see", func(t *testing.T) {
		s := newShop(t, "timeout: 1s")
		rec := httptest.NewRecorder()
		s.g.api.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console/model", nil))
		if rec.Code != http.StatusNotFound {
			t.Errorf("/console/model of the API = %d, want 404", rec.Code)
		}
	})
}
