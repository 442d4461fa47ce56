package api_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tributary/api"
	"tributary/api/admission"
	"tributary/api/auth"
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

// close makes the limit refuse requests at the door.
func (l *loaded) close() (empty func()) {
	l.t.Helper()
	empty = l.fill()
	if !l.limiter.Turn(admission.Single) {
		l.t.Fatal("there is room in a full limit")
	}
	return empty
}

// place is a place that was not asked for yet.
func place(n int) string { return fmt.Sprintf("/v1/weather?lat=10&lon=%d", n) }

// lonOf is a longitude for each number.
func lonOf(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

// wantOverloaded wants the refusal of a request, at the door or not.
func (a *answer) wantOverloaded(early bool) problem {
	a.t.Helper()
	p := a.problem(http.StatusServiceUnavailable, "gateway_overloaded")
	a.wantHeader("Cache-Control", "no-store")
	if wait := a.Header.Get("Retry-After"); wait != "1" && wait != "2" {
		a.t.Errorf("%s: Retry-After = %q, want 1 or 2", a.call, wait)
	}
	if got := p.TraceID == ""; got != early {
		a.t.Errorf("%s: refused at the door: %v, want %v; %s", a.call, got, early, a.body)
	}
	return p
}

func TestOverload(t *testing.T) {
	it(t, "refuses what needs an upstream, first after the limits of the client, then at the door", func(t *testing.T) {
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
	it(t, "refuses every kind of read at the door", func(t *testing.T) {
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
	it(t, "refuses every kind of read where an upstream is needed", func(t *testing.T) {
		g := newLoaded(t)
		defer g.fill()()
		for _, path := range []string{
			here, forecastHere, airHere, "/v1/places?q=Del", one, "/v1/users", "/v1/weather?place=1,2&place=3,4", "/v1/air-quality?place=1,2",
			"/v1/users?id=1&id=2", hereLive, one + "/stream",
		} {
			time.Sleep(time.Second) // the door is open again
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
					g.limiter.Turn(admission.Single)
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

func TestRefusalAtTheDoor(t *testing.T) {
	refusing := func(t *testing.T, changes ...func(*setup)) *loaded {
		g := newLoaded(t, changes...)
		t.Cleanup(g.close())
		return g
	}
	it(t, "keeps the request's id, or has a new one", func(t *testing.T) {
		g := refusing(t)
		g.get(place(1), "X-Request-Id", "mine").wantHeader("X-Request-Id", "mine")
		if id := g.get(place(1), "X-Request-Id", "not valid").Header.Get("X-Request-Id"); id == "" || id == "not valid" {
			t.Errorf("X-Request-Id = %q, want a new one", id)
		}
	})
	it(t, "can be read by pages of other origins", func(t *testing.T) {
		g := refusing(t, func(s *setup) { s.Origins = []string{page} })
		a := g.get(place(1), "Origin", page)
		a.wantOverloaded(true)
		a.wantHeader("Access-Control-Allow-Origin", page)
		if exposed := a.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "Retry-After") {
			t.Errorf("Access-Control-Expose-Headers = %q, want Retry-After in it", exposed)
		}
		g.get(place(1), "Origin", "https://other.example").wantHeader("Access-Control-Allow-Origin", "")
		preflight := g.send(http.MethodOptions, here, "Origin", page, "Access-Control-Request-Method", "GET")
		preflight.wantStatus(http.StatusNoContent)
	})
	it(t, "has the headers of GET and no body for HEAD", func(t *testing.T) {
		g := refusing(t)
		get, head := g.get(place(1)), g.send(http.MethodHead, place(1))
		head.wantStatus(http.StatusServiceUnavailable)
		for _, name := range []string{"Content-Type", "Content-Length", "Cache-Control"} {
			head.wantHeader(name, get.Header.Get(name))
		}
	})
	it(t, "names its path", func(t *testing.T) {
		g := refusing(t)
		if p := g.get(place(1)).wantOverloaded(true); p.Instance != "/v1/weather" {
			t.Errorf("instance = %q, want /v1/weather", p.Instance)
		}
	})
	it(t, "is neither logged nor traced", func(t *testing.T) {
		var log logbook
		g := refusing(t, func(s *setup) { s.logTo = &log })
		g.get(place(1)).wantOverloaded(true)
		if lines := log.lines(t); len(lines) != 0 {
			t.Errorf("logged %v, want nothing", lines)
		}
	})
	it(t, "announces the end of the version", func(t *testing.T) {
		sunset := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		g := refusing(t, func(s *setup) { s.V1 = api.Lifecycle{Sunset: sunset} })
		g.declared("GET", place(1))
		if got := g.declared("GET", place(1)).Header().Get("Sunset"); got != sunset.Format(http.TimeFormat) {
			t.Errorf("Sunset = %q", got)
		}
	})
	it(t, "comes when too many requests are in flight, whatever they ask, but for streams and the status", func(t *testing.T) {
		g := newLoaded(t)
		g.get(here)
		for range 100 {
			g.limiter.Arrive()
		}
		defer func() {
			for range 100 {
				g.limiter.Depart()
			}
		}()
		g.get(here).wantOverloaded(true)
		g.get("/v1/status").wantStatus(http.StatusOK)
		g.listen(hereLive).event("answer")
	})
}

func TestOverloadAndClients(t *testing.T) {
	it(t, "tells a client over its limit that it is its own fault", func(t *testing.T) {
		g := newLoaded(t, func(s *setup) { s.ClientLimit = api.Limit{Calls: 1, Window: time.Minute} })
		g.get(place(1)).wantStatus(http.StatusOK)
		defer g.fill()()
		g.get(place(2)).problem(http.StatusTooManyRequests, "too_many_requests")
	})
	it(t, "leaves room for others beside a greedy client", func(t *testing.T) {
		a, err := auth.New(auth.Config{Keys: []auth.Key{
			{Name: "greedy", Scopes: []string{auth.WeatherRead}, Key: "reader-key"},
			{Name: "modest", Scopes: []string{auth.WeatherRead}, Key: "weather-key"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(a.Close)
		g := newLoaded(t, func(s *setup) { s.Auth = a })
		g.all(after(100*time.Millisecond, reports(0)))
		var refused atomic.Int64
		for n := range 64 {
			go func() {
				r, _ := http.NewRequest(http.MethodGet, "http://gateway.test"+place(n), nil)
				r.Header.Set("X-API-Key", "reader-key")
				response, err := g.client.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				defer response.Body.Close()
				if _, err := io.Copy(io.Discard, response.Body); err != nil {
					t.Error(err)
				}
				if response.StatusCode == http.StatusServiceUnavailable {
					refused.Add(1)
				}
			}()
		}
		synctest.Wait()
		if got := g.limiter.Status().InFlight; got != 57 || refused.Load() != 7 {
			t.Errorf("the greedy client has %d requests in flight and %d refused, want 57 and 7", got, refused.Load())
		}
		g.get(place(100), "X-API-Key", "weather-key").wantStatus(http.StatusOK)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := g.limiter.Status().InFlight; got != 0 {
			t.Errorf("%d in flight at the end, want 0", got)
		}
	})
}

func TestOverloadStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newLoaded(t)
		want := func(state string, limit, inFlight int) {
			t.Helper()
			got := decode[api.Status](g.get("/v1/status")).Admission
			if got.State != state || got.Limit == nil || *got.Limit != limit || got.InFlight == nil || *got.InFlight != inFlight {
				t.Errorf("admission = %s, %d of %d; want %s, %d of %d", got.State, *got.InFlight, *got.Limit, state, inFlight, limit)
			}
		}
		want("admitting", 64, 0)
		empty := g.close()
		want("refusing", 64, 64)
		g.get(place(1)).wantOverloaded(true)
		g.get("/readyz").wantStatus(http.StatusOK)
		empty()
		time.Sleep(time.Minute)
		synctest.Wait()
		want("admitting", 64, 0)
	})
}
