package api_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tributary/api"
	"tributary/api/auth"
)

func TestEarlyRefusal(t *testing.T) {
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
		if got := g.limiter.Status().InFlight; got != 43 || refused.Load() != 21 {
			t.Errorf("the greedy client has %d requests in flight and %d refused, want 43 and 21", got, refused.Load())
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
