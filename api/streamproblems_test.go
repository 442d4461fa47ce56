package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/api"
)

const oneLive = "/v1/users/1/stream"

// live are the streams, and the paths whose answers they send.
var live = map[string]string{hereLive: here, airHereLive: airHere, oneLive: one}

// everything breaks in one way.
func (g *gateway) everything(b behaviour) {
	g.all(b)
	for _, f := range []*fake{g.openmeteoAir, g.directory.fake, g.github} {
		f.Now(b)
	}
}

func TestStreamBegins(t *testing.T) {
	for path, plain := range live {
		it(t, "with the answer of "+plain, func(t *testing.T) {
			g := populated(t, trusting(t, publishes(&signer().PublicKey)))
			for _, header := range [][]string{
				{"X-API-Key", map[bool]string{true: "reader-key", false: "weather-key"}[path == oneLive]},
				{"Authorization", "Bearer " + token(t, nil, map[string]any{"scope": "weather:read users:read"}, rs256(signer()))},
			} {
				tag := g.get(plain, header...).opaqueTag()
				s := g.listen(path, header...)
				if e := s.event("answer"); e.id != tag {
					t.Errorf("%s: id = %q, want %q as in the tag of %s", path, e.id, tag, plain)
				}
				s.close()
			}
		})
	}
	it(t, "with the parameters of the plain answer", func(t *testing.T) {
		g := populated(t)
		for _, c := range []struct{ live, plain string }{
			{"/v1/weather/stream?city=Delhi&country=IN&units=imperial", "/v1/weather?city=Delhi&country=IN&units=imperial"},
			{"/v1/weather/stream?city=Delhi&units=metric", "/v1/weather?city=Delhi"},
			{"/v1/air-quality/stream?city=Delhi&country=in", "/v1/air-quality?city=Delhi&country=IN"},
			{oneLive + "?include=activity,github", one + "?include=github,activity"},
			{"/v1/users/%31/stream", one},
		} {
			tag := g.get(c.plain).opaqueTag()
			a := g.get(c.live, "Last-Event-ID", "other", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "X-Request-Id", "mine")
			a.wantStatus(http.StatusOK)
			if !strings.Contains(string(a.body), "\nid: "+tag+"\n") {
				t.Errorf("%s: %s, want the tag of %s, %s", c.live, a.body, c.plain, tag)
			}
		}
	})
}

func TestStreamRefuses(t *testing.T) {
	key := func(path string, right bool) []string {
		if right == (path == oneLive) {
			return []string{"X-API-Key", "reader-key"}
		}
		return []string{"X-API-Key", "weather-key"}
	}
	for _, c := range []struct {
		name   string
		setup  func(*setup)
		before func(*gateway)
		path   func(string) string
		header func(path string) []string
		status int
		code   string
	}{
		{name: "parameters that break a rule", path: func(path string) string {
			path, _, _ = strings.Cut(path, "?")
			return strings.ReplaceAll(path, "/1/", "/0/")
		}, status: 400, code: "invalid_parameters"},
		{name: "wrong credentials", header: func(string) []string { return []string{"X-API-Key", "guess"} }, status: 401, code: "unauthorized"},
		{name: "a caller without the scope", header: func(path string) []string { return key(path, false) }, status: 403, code: "forbidden"},
		{name: "what does not exist", before: func(g *gateway) { g.everything(answers404) }, status: 404, code: "not_found"},
		{name: "another media type", header: func(path string) []string { return append(key(path, true), "Accept", "application/json") }, status: 406, code: "not_acceptable"},
		{name: "what is switched off", setup: func(s *setup) {
			s.people, s.without = nil, []string{"openmeteo", "metno", "openweather", "openmeteo_air"}
		}, status: 501, code: "not_configured"},
		{name: "what all sources fail at", before: func(g *gateway) { g.everything(breaks) }, status: 502, code: "all_sources_failed"},
		{name: "what no source may be asked", before: func(g *gateway) { g.everything(answers(http.StatusTooManyRequests, "", "Retry-After", "7")) }, status: 503, code: "all_sources_failed"},
		{name: "what all sources are too slow for", before: func(g *gateway) { g.everything(hangs) }, status: 504, code: "all_sources_failed"},
		{name: "a client over its limit", setup: func(s *setup) { s.ClientLimit = api.Limit{Calls: 1, Window: time.Hour} },
			before: func(g *gateway) {
				g.get("/v1/status")
				g.get("/v1/status", key(oneLive, true)...)
				g.get("/v1/status", key("", true)...)
			}, status: 429, code: "too_many_requests"},
	} {
		for path := range live {
			it(t, c.name+" at "+path, func(t *testing.T) {
				changes := []func(*setup){trusting(t, publishes(&signer().PublicKey))}
				if c.setup != nil {
					changes = append(changes, c.setup)
				}
				g := populated(t, changes...)
				if c.before != nil {
					c.before(g)
				}
				asked, header := path, key(path, true)
				if c.path != nil {
					asked = c.path(path)
				}
				if c.header != nil {
					header = c.header(path)
				}
				a := g.get(asked, header...)
				a.problem(c.status, c.code)
				if got := a.Header.Get("Retry-After"); (got != "") != (c.status == 503 || c.status == 429) {
					t.Errorf("%s: Retry-After = %q", a.call, got)
				}
			})
		}
	}
}

func TestMethodsOfStreams(t *testing.T) {
	g := populated(t)
	for path := range live {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			a := g.call(method, path, "")
			a.problem(http.StatusMethodNotAllowed, "method_not_allowed")
			a.wantHeader("Allow", "GET, HEAD, OPTIONS")
		}
		a := g.send(http.MethodHead, path)
		a.wantStatus(http.StatusOK)
		a.wantHeader("Content-Type", "text/event-stream")
	}
}

func TestPreflightOfStreams(t *testing.T) {
	g := newGateway(t, func(s *setup) { s.Origins = []string{page} })
	a := g.send(http.MethodOptions, hereLive, "Origin", page, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "last-event-id")
	a.wantStatus(http.StatusNoContent)
	a.wantHeader("Access-Control-Allow-Headers", "last-event-id")
	a.wantHeader("Access-Control-Allow-Origin", page)
	s := g.listen(hereLive, "Origin", page, "Last-Event-ID", "x")
	if got := s.Header.Get("Access-Control-Allow-Origin"); got != page {
		t.Errorf("Access-Control-Allow-Origin of a stream = %q, want %q", got, page)
	}
	s.event("answer")
}
