package api_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/api"
	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/users"
	"tributary/upstream/weather"
)

// operations has a successful request for every operation, in the order of
// openapi.yaml.
var operations = []write{
	{"GET", here, "", ""},
	{"GET", forecastHere, "", ""},
	{"GET", hereLive, "", ""},
	{"GET", airHere, "", ""},
	{"GET", airHereLive, "", ""},
	{"GET", "/v1/places?q=Delhi", "", ""},
	{"GET", "/v1/users", "", ""},
	post,
	{"GET", one, "", ""},
	put,
	patch,
	{"GET", one + "/stream", "", ""},
	remove,
	{"GET", "/v1/status", "", ""},
	{"GET", "/livez", "", ""},
	{"GET", "/readyz", "", ""},
	{"GET", "/", "", ""},
	{"GET", "/docs", "", ""},
	{"GET", "/docs/docs.js", "", ""},
	{"GET", "/favicon.ico", "", ""},
	{"GET", "/openapi.yaml", "", ""},
	{"GET", "/problems", "", ""},
	{"GET", "/problems/not-found", "", ""},
}

// versioned returns the operations that need credentials and count for limits.
func versioned() (some []write) {
	for _, o := range operations {
		if strings.HasPrefix(o.path, "/v1/") {
			some = append(some, o)
		}
	}
	return some
}

func TestEveryOperationIsPartOfATrace(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	g := populated(t)
	for _, o := range operations {
		a := g.call(o.method, o.path, o.body, "X-Request-Id", "checkout-7f3a", "Traceparent", "00-"+id+"-00f067aa0ba902b7-01")
		if a.StatusCode >= 300 {
			t.Errorf("%s: status = %d, want it done; body %s", a.call, a.StatusCode, a.body)
		}
		a.wantHeader("X-Request-Id", "checkout-7f3a")
		if timing := a.Header.Get("Server-Timing"); timing != "" && !strings.Contains(timing, `trace;desc="00-`+id+"-") {
			t.Errorf("%s: Server-Timing = %q, want the caller's trace", a.call, timing)
		}
	}
}

func TestEveryOperationRefusesLargeBodies(t *testing.T) {
	g := populated(t)
	for _, o := range operations {
		r, err := http.NewRequest(o.method, "http://gateway.test"+o.path, bytes.NewReader(make([]byte, 1<<20+1)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Expect": {"100-continue"}, "X-Api-Key": {"writer-key"}, "Content-Type": {"application/json"}}
		g.do(r).problem(http.StatusRequestEntityTooLarge, "body_too_large")
	}
}

func TestEveryOperationIsLimited(t *testing.T) {
	g := populated(t, func(s *setup) { s.ClientLimit = api.Limit{Calls: 1, Window: time.Hour} })
	g.call("GET", "/v1/status", "").wantStatus(http.StatusOK)
	for _, o := range versioned() {
		a := g.call(o.method, o.path, o.body)
		a.problem(http.StatusTooManyRequests, "too_many_requests")
		a.wantHeader("RateLimit-Policy", `"default";q=1;w=3600`)
	}
	if n := g.asked(); n != 0 {
		t.Errorf("%d requests sent for a caller without permission", n)
	}
}

func TestEveryOperationSurvivesABug(t *testing.T) {
	g := populated(t, func(s *setup) { // a zero value of the service panics
		s.people, s.Users = nil, new(users.Service)
		s.Weather = weather.NewService(cache.NewStore(1), new(upstream.Source[weather.PlaceQuery, weather.Found]), 0, weather.Provider{})
		s.Status = func() api.Status { panic("a bug in the wiring") }
	})
	for _, o := range append(versioned(), keyedPost, keyedPatch) {
		a := g.carry(o)
		a.problem(http.StatusInternalServerError, "internal_error")
		a.wantHeader("Cache-Control", "no-store")
		a.wantHeader("Idempotent-Replayed", "")
	}
}

func TestStatusWithAnyCredentials(t *testing.T) {
	g := guarded(t)
	for _, header := range [][]string{nil, {"X-API-Key", "other-secret"}, {"Authorization", "Bearer other-secret"}} {
		g.get("/v1/status", header...).wantStatus(http.StatusOK)
	}
}
