package api_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/api"
	"tributary/api/admission"
)

// loaded is a gateway with a limit on requests that ask upstreams. Its goroutines wait for
// a processor as long as a test says.
type loaded struct {
	*gateway
	limiter *admission.Limiter
	wait    atomic.Int64 // ns
}

func newLoaded(t testing.TB, changes ...func(*setup)) *loaded {
	t.Helper()
	l := &loaded{}
	l.limiter = admission.New(admission.Config{
		Wait: func() time.Duration { return time.Duration(l.wait.Load()) },
		Most: 100, Logger: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(l.limiter.Close)
	l.gateway = populated(t, append([]func(*setup){func(s *setup) { s.Admission = l.limiter }}, changes...)...)
	return l
}

// fill takes all that the limit has left, which does not rise then, and returns what gives
// it back.
func (l *loaded) fill() (empty func()) {
	l.t.Helper()
	l.wait.Store(int64(5 * time.Millisecond))
	var all []func()
	for range l.limiter.Status().Limit - l.limiter.Status().InFlight {
		leave, ok := l.limiter.Enter(admission.Single, "")
		if !ok {
			l.t.Fatal("refused with room in the limit")
		}
		all = append(all, leave)
	}
	return func() {
		l.wait.Store(0)
		for _, leave := range all {
			leave()
		}
	}
}

// close makes the limit refuse requests early.
func (l *loaded) close() (empty func()) {
	l.t.Helper()
	empty = l.fill()
	if !l.limiter.RefuseIfFull(admission.Single) {
		l.t.Fatal("there is room in a full limit")
	}
	return empty
}

// place is a place that was not asked for yet.
func place(n int) string { return fmt.Sprintf("/v1/weather?lat=10&lon=%d", n) }

// lonOf is a longitude for each number.
func lonOf(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

// wantOverloaded wants the refusal of a request, early or not.
func (a *answer) wantOverloaded(early bool) problem {
	a.t.Helper()
	p := a.problem(http.StatusServiceUnavailable, "gateway_overloaded")
	a.wantHeader("Cache-Control", "no-store")
	if wait := a.Header.Get("Retry-After"); wait != "1" && wait != "2" {
		a.t.Errorf("%s: Retry-After = %q, want 1 or 2", a.call, wait)
	}
	if got := a.Header.Get("Server-Timing") == ""; got != early { // what is refused early has no trace
		a.t.Errorf("%s: refused early: %v, want %v; %s", a.call, got, early, a.body)
	}
	if id, err := trace.TraceIDFromHex(p.TraceID); err != nil {
		a.t.Errorf("%s: trace_id = %s: %v", a.call, id, err)
	}
	return p
}

func TestOverload(t *testing.T) {
	it(t, "refuses what needs an upstream, first after the limits of the client, then early", func(t *testing.T) {
		g := newLoaded(t)
		empty := g.fill()
		p := g.get(place(1)).wantOverloaded(false)
		if len(p.Sources) != 3 || p.Sources[0].Error == nil || p.Sources[0].Error.Code != "overloaded" {
			t.Errorf("sources = %+v, want all three with overloaded", p.Sources)
		}
		g.get(place(2)).wantOverloaded(true)
		g.get("/v1/weather?city=Delhi").wantOverloaded(true)
		g.get(place(3), "If-None-Match", "*", "Cache-Control", "no-cache").wantOverloaded(true)
		if n := g.asked(); n != 0 {
			t.Errorf("upstreams were asked %d times", n)
		}
		empty()
		if got := g.get(place(1)).weather().Meta.Status; got != "complete" {
			t.Errorf("status = %s once there is room, want complete", got)
		}
	})
	it(t, "refuses every kind of read early", func(t *testing.T) {
		g := newLoaded(t)
		defer g.close()()
		for _, path := range []string{
			here, forecastHere, airHere, "/v1/places?q=Del", one, one + "?include=github,weather", "/v1/users", "/v1/users?q=x&page=2",
			"/v1/weather?place=1,2&place=3,4", "/v1/weather/forecast?place=1,2", "/v1/air-quality?place=1,2", "/v1/users?id=1&id=2",
			hereLive, airHereLive, one + "/stream",
		} {
			g.get(path).wantOverloaded(true)
		}
	})
	it(t, "names the caller's trace in an early refusal, else one for each", func(t *testing.T) {
		g := newLoaded(t)
		defer g.close()()
		const id = "4bf92f3577b34da6a3ce929d0e0e4736"
		if got := g.get(here, "Traceparent", "00-"+id+"-00f067aa0ba902b7-01").wantOverloaded(true).TraceID; got != id {
			t.Errorf("trace_id = %s, want the caller's %s", got, id)
		}
		if a, b := g.get(here).wantOverloaded(true).TraceID, g.get(here, "Traceparent", "00-"+id).wantOverloaded(true).TraceID; a == b || b == id {
			t.Errorf("trace_ids = %s, and %s where traceparent is malformed; want a new one each", a, b)
		}
	})
	it(t, "refuses every kind of read where an upstream is needed", func(t *testing.T) {
		g := newLoaded(t)
		defer g.fill()()
		for _, path := range []string{
			here, forecastHere, airHere, "/v1/places?q=Del", one, "/v1/users", "/v1/weather?place=1,2&place=3,4", "/v1/air-quality?place=1,2",
			"/v1/users?id=1&id=2", hereLive, one + "/stream",
		} {
			time.Sleep(time.Second) // requests are no longer refused early
			synctest.Wait()
			g.get(path).wantOverloaded(false)
		}
	})
	it(t, "lets pass what needs no upstream", func(t *testing.T) {
		g := newLoaded(t)
		defer g.close()()
		for path, status := range map[string]int{
			"/livez": 200, "/readyz": 200, "/": 200, "/docs": 200, "/problems/gateway-overloaded": 200, "/v1/status": 200,
			"/v1/weather": 400, "/v1/weather?lat=x&lon=1": 400, "/v1/nothing": 404, "/v1/users/x": 400,
		} {
			g.get(path).wantStatus(status)
		}
		g.send(http.MethodOptions, here).wantStatus(http.StatusNoContent)
		g.get(place(1), "Cache-Control", "only-if-cached").problem(http.StatusGatewayTimeout, "not_cached")
		g.send(http.MethodPost, here).wantStatus(http.StatusMethodNotAllowed)
	})
	it(t, "does not refuse without a limit", func(t *testing.T) {
		g := newLoaded(t, func(s *setup) { s.Admission = nil })
		defer g.close()()
		g.get(place(1)).wantStatus(http.StatusOK)
		if got := decode[api.Status](g.get("/v1/status")).Admission; got.State != "off" || got.Limit != nil || got.InFlight != nil {
			t.Errorf("admission = %+v, want off", got)
		}
	})
}

func TestOverloadAnswersFromMemory(t *testing.T) {
	asked := []string{city, here, forecastHere, airHere, "/v1/places?q=Del", one, "/v1/users", "/v1/weather?place=28.65,77.23", "/v1/users?id=1"}
	it(t, "while it is fresh", func(t *testing.T) {
		g := newLoaded(t)
		for _, path := range asked {
			g.get(path).wantStatus(http.StatusOK)
		}
		before := g.asked()
		defer g.close()()
		for _, path := range append(asked, city+"&units=imperial", here+"&units=imperial", "/v1/weather?lat=28.650&lon=77.230", "/v1/places?q=Del&limit=1") {
			a := g.get(path)
			a.wantStatus(http.StatusOK)
			if strings.Contains(string(a.body), "degraded") {
				t.Errorf("%s is degraded: %s", path, a.body)
			}
		}
		tag := g.get(here).Header.Get("ETag")
		g.get(here, "If-None-Match", tag).wantStatus(http.StatusNotModified)
		if n := g.asked(); n != before {
			t.Errorf("upstreams were asked %d times", n-before)
		}
	})
	for _, early := range []bool{true, false} {
		it(t, fmt.Sprintf("when it is old, with the reason, closed: %v", early), func(t *testing.T) {
			g := newLoaded(t)
			for _, path := range asked {
				g.get(path).wantStatus(http.StatusOK)
			}
			time.Sleep(time.Hour)
			for _, path := range asked {
				empty := g.fill()
				if early {
					g.limiter.RefuseIfFull(admission.Single)
				}
				a := g.get(path)
				a.wantStatus(http.StatusOK)
				stale := strings.Contains(string(a.body), `"state":"stale"`) && strings.Contains(string(a.body), `"code":"overloaded"`)
				if fresh := path == "/v1/places?q=Del"; stale == fresh { // places are fresh for a day
					t.Errorf("%s: stale = %v in %s", path, stale, a.body)
				}
				empty()
				time.Sleep(time.Second)
				synctest.Wait()
			}
		})
	}
	it(t, "as far as it has one", func(t *testing.T) {
		g := newLoaded(t)
		g.get(one).wantStatus(http.StatusOK)
		defer g.close()()
		a := g.get(one + "?include=github")
		a.wantStatus(http.StatusOK)
		a.wantState("directory", "cached", "")
		a.wantState("github", "failed", "overloaded")
	})
	it(t, "where a refresh is due, which is left out", func(t *testing.T) {
		g := newLoaded(t)
		g.get(here)
		before := g.asked()
		time.Sleep(15 * time.Minute)
		empty := g.fill()
		g.get(here).wantState("metno", "revalidating", "")
		synctest.Wait()
		if n := g.asked(); n != before {
			t.Errorf("upstreams were asked %d times", n-before)
		}
		empty()
		g.get(here)
		synctest.Wait()
		if n := g.asked(); n != before+3 {
			t.Errorf("upstreams were asked %d times with room again, want 3", n-before)
		}
	})
	it(t, "also of a declared endpoint", func(t *testing.T) {
		limiter := admission.New(admission.Config{Wait: func() time.Duration { return 0 }})
		t.Cleanup(limiter.Close)
		g := declaredGateway(t, 200, `{"a":1}`, func(s *setup) { s.Admission = limiter })
		l := &loaded{gateway: g, limiter: limiter}
		g.declared("GET", "/v1/private/1")
		defer l.close()()
		for path, want := range map[string]int{"/v1/private/1": 200, "/v1/private/2": 503, "/v1/private/1?size=10": 400} {
			if rec := g.declared("GET", path); rec.Code != want {
				t.Errorf("GET %s = %d %s, want %d", path, rec.Code, rec.Body, want)
			}
		}
	})
}
