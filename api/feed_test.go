package api_test

import (
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/api"
	"tributary/cache"
	"tributary/upstream"
)

// calls counts requests to the weather providers.
func (g *gateway) calls() int { return g.openmeteo.Sent() + g.metno.Sent() + g.openweather.Sent() }

func TestStreamsShareRefreshes(t *testing.T) {
	it(t, "a thousand streams of one place cost the calls of one", func(t *testing.T) {
		const listeners, hours = 1000, 1
		g := newGateway(t, func(s *setup) { s.StreamLimits = api.StreamLimits{Client: listeners} })
		var streams []*stream
		for range listeners {
			s := g.listen(hereLive)
			s.unchecked = len(streams) > 0 // they are all alike
			streams = append(streams, s)
		}
		if n := g.calls(); n != 3 {
			t.Errorf("%d calls for the first answers, want one for each of 3 sources", n)
		}
		var (
			wg   sync.WaitGroup
			seen = make([][]string, listeners)
		)
		for i, s := range streams {
			wg.Go(func() {
				for start := time.Now(); time.Since(start) < hours*time.Hour; {
					if e := s.next(); e.name == "answer" {
						seen[i] = append(seen[i], e.id)
					}
				}
			})
		}
		wg.Wait()
		// An answer lives for 9 to 10 minutes, because its lifetime is jittered.
		if n := g.calls() / 3; n < 6 || n > 7 {
			t.Errorf("%d calls for each source in an hour, want one in 9 to 10 minutes", n)
		}
		for i := range seen {
			if !slices.Equal(seen[i], seen[0]) || len(seen[i]) < 6 {
				t.Fatalf("listener %d had the answers %q, the first had %q", i, seen[i], seen[0])
			}
		}
		before := runtime.NumGoroutine()
		for _, s := range streams {
			s.close()
		}
		synctest.Wait()
		asked := g.calls()
		time.Sleep(time.Hour)
		if n := g.calls() - asked; n != 0 {
			t.Errorf("%d calls for nobody", n)
		}
		if left := runtime.NumGoroutine(); left > before-listeners {
			t.Errorf("%d goroutines of %d are left", left, before)
		}
	})

	it(t, "different questions have feeds of their own", func(t *testing.T) {
		g := newGateway(t)
		for _, path := range []string{hereLive, hereLive + "&units=imperial", "/v1/weather/stream?city=Delhi", "/v1/weather/stream?lat=1&lon=2", airHereLive} {
			plain := strings.Replace(path, "/stream", "", 1)
			tag := g.get(plain).opaqueTag()
			if e := g.listen(path).event("answer"); e.id != tag {
				t.Errorf("%s: id = %q, want %q as in the tag of %s", path, e.id, tag, plain)
			}
		}
	})

	it(t, "a later stream has the current ages of the sources", func(t *testing.T) {
		g := newGateway(t)
		first := g.listen(hereLive)
		var wg sync.WaitGroup
		wg.Go(func() { first.wantAnswers(10 * time.Minute) })
		time.Sleep(5*time.Minute + time.Second) // the feed has asked a second ago, and not right now
		if e := g.listen(hereLive).event("answer"); !strings.Contains(e.data, `"name":"openmeteo","state":"cached","age_seconds":301`) {
			t.Errorf("data = %s, want sources as old as they are now, 301 s", e.data)
		}
		wg.Wait()
	})

	it(t, "the stream that began a feed may end before the others", func(t *testing.T) {
		g := newGateway(t)
		first, second := g.listen(hereLive), g.listen(hereLive)
		second.event("answer")
		first.close()
		g.all(reports(7))
		for second.event("answer").temperature(t) != 27 {
		}
	})

	it(t, "streams that wait for the first answer have it together", func(t *testing.T) {
		g := newGateway(t)
		g.all(after(time.Second, reports(0)))
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { g.listen(hereLive).event("answer") })
		}
		wg.Wait()
		if n := g.calls(); n != 3 {
			t.Errorf("%d calls, want one for each of 3 sources", n)
		}
	})
}

func TestStreamAsksAgain(t *testing.T) {
	for name, c := range map[string]struct {
		lifetimes cache.Lifetimes
		behaves   behaviour
		least     int // calls in two minutes
		most      int
	}{
		"every 15 seconds what has no lifetime":          {cache.Lifetimes{StaleFor: time.Hour}, reports(0), 8, 9},
		"not more than once a second what lives shorter": {cache.Lifetimes{FreshFor: 10 * time.Millisecond, StaleFor: time.Hour}, reports(0), 60, 121},
		"a second after a refresh in the background":     {cache.Lifetimes{FreshFor: 30 * time.Second, RevalidateFor: time.Hour, StaleFor: 2 * time.Hour}, reports(0), 4, 5},
	} {
		it(t, name, func(t *testing.T) {
			g := newGateway(t, func(s *setup) {
				s.without = []string{"metno", "openweather"}
				s.lifetimes["openmeteo"] = c.lifetimes
			})
			g.openmeteo.Now(c.behaves)
			s := g.listen(hereLive)
			s.wantAnswers(2 * time.Minute)
			if n := g.calls(); n < c.least || n > c.most {
				t.Errorf("%d calls in two minutes, want %d to %d", n, c.least, c.most)
			}
		})
	}
	it(t, "while all fail, without a storm", func(t *testing.T) {
		g := newGateway(t, shortLived)
		s := g.listen(hereLive)
		s.event("answer")
		g.all(breaks)
		s.until("problem")
		before := g.calls()
		s.wantQuiet(time.Minute)
		if n := g.calls() - before; n < 3 || n > 3*13 {
			t.Errorf("%d calls in a minute of failures, want 1 to 13 for each source", n)
		}
	})
	it(t, "soon after somebody has changed a user", func(t *testing.T) {
		g := populated(t)
		s := g.listen(oneLive)
		s.event("answer")
		g.carry(put).wantStatus(http.StatusOK)
		if e := s.event("answer"); !strings.Contains(e.data, `"name":"Grace"`) || e.after > 15*time.Second {
			t.Errorf("answer %s after %v, want the new name within 15 s", e.data, e.after)
		}
	})
	it(t, "and tells which source failed, from the cache", func(t *testing.T) {
		g := newGateway(t, func(s *setup) {
			s.policies.Breaker = upstream.Breaker{FailureRate: 0.5, MinCalls: 1, Window: 10 * time.Second, Delay: time.Hour}
		})
		s := g.listen(hereLive)
		s.event("answer")
		g.openmeteo.Now(breaks)
		for !strings.Contains(s.event("answer").data, `"name":"openmeteo","state":"stale"`) {
		}
	})
}
