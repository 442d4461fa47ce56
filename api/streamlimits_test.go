package api_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"tributary/api"
)

func TestStreamLimits(t *testing.T) {
	it(t, "refuses more streams than a client may have", func(t *testing.T) {
		g := populated(t)
		var open []*stream
		for range 20 {
			open = append(open, g.listen(hereLive, "X-API-Key", "reader-key"))
		}
		for path := range live { // the limit is for all streams together
			a := g.get(path, "X-API-Key", "reader-key")
			a.problem(http.StatusTooManyRequests, "too_many_requests")
			a.wantHeader("Retry-After", "5")
			a.wantHeader("RateLimit", "")
		}
		g.get(hereLive, "X-API-Key", "writer-key").wantStatus(http.StatusOK)
		open[7].close()
		synctest.Wait()
		g.get(hereLive, "X-API-Key", "reader-key").wantStatus(http.StatusOK)
	})

	it(t, "refuses more streams than a process may have", func(t *testing.T) {
		g := populated(t, func(s *setup) { s.StreamLimits = api.StreamLimits{Process: 2} })
		first := g.listen(hereLive, "X-API-Key", "reader-key")
		g.listen(airHereLive)
		for path := range live {
			a := g.get(path, "X-API-Key", "writer-key")
			a.problem(http.StatusServiceUnavailable, "overloaded")
			a.wantHeader("Retry-After", "5")
		}
		g.get(here).wantStatus(http.StatusOK)
		first.close()
		synctest.Wait()
		g.get(oneLive).wantStatus(http.StatusOK)
	})

	it(t, "does not count streams that never began", func(t *testing.T) {
		g := populated(t, func(s *setup) { s.StreamLimits = api.StreamLimits{Client: 1} })
		g.everything(breaks)
		for range 3 {
			g.get(hereLive).problem(http.StatusBadGateway, "all_sources_failed")
		}
	})

	it(t, "counts a stream once against the limit of requests", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.ClientLimit = api.Limit{Calls: 2, Window: 24 * time.Hour} })
		s := g.listen(hereLive)
		if got := s.Header.Get("RateLimit"); got != `"default";r=1;t=43200` {
			t.Errorf("RateLimit = %s, want one request left", got)
		}
		s.wantAnswers(time.Hour)
		g.get(here).wantStatus(http.StatusOK)
		g.get(hereLive).problem(http.StatusTooManyRequests, "too_many_requests")
	})
}

// wantAnswers reads for a time, and wants answers only.
func (s *stream) wantAnswers(d time.Duration) (answers int) {
	s.t.Helper()
	for start := time.Now(); time.Since(start) < d; {
		switch e := s.next(); {
		case e.name == "answer":
			answers++
		case !e.comment:
			s.t.Fatalf("%s: event %+v, want answers", s.Request.URL, e)
		}
	}
	return answers
}

func TestStreamEnds(t *testing.T) {
	wantRetry := func(t *testing.T, e event) {
		t.Helper()
		if ms, err := strconv.Atoi(e.retry); err != nil || ms < 1000 || ms > 5000 || e.name != "" || e.data != "" {
			t.Errorf("last line = %+v, want a retry of 1 to 5 s", e)
		}
	}
	it(t, "when the caller's token expires", func(t *testing.T) {
		g := populated(t, trusting(t, publishes(&signer().PublicKey)))
		bearer := "Bearer " + token(t, nil, map[string]any{"exp": time.Now().Add(5 * time.Minute).Unix()}, rs256(signer()))
		s := g.listen(oneLive, "Authorization", bearer)
		e := s.ended()
		if wantRetry(t, e); e.after != 5*time.Minute {
			t.Errorf("it ended after %v, want 5 minutes", e.after)
		}
	})
	it(t, "at a shutdown, and not all come back at once", func(t *testing.T) {
		g := newGateway(t)
		var streams []*stream
		for range 20 {
			s := g.listen(hereLive)
			s.event("answer")
			streams = append(streams, s)
		}
		g.handler.(*api.API).EndStreams()
		waits := map[string]bool{}
		for _, s := range streams {
			e := s.ended()
			if wantRetry(t, e); e.after != 0 {
				t.Errorf("it ended after %v, want at once", e.after)
			}
			waits[e.retry] = true
		}
		if len(waits) < 10 {
			t.Errorf("20 clients are told to wait %v", waits)
		}
		s := g.listen(hereLive) // on a connection that is still open
		s.event("answer")
		wantRetry(t, s.ended())
	})
	it(t, "when the client is too slow, and others go on", func(t *testing.T) {
		g := newGateway(t)
		slow, other := g.listen(hereLive), g.listen(hereLive)
		slow.event("answer")
		other.event("answer")
		for range 4 {
			if e := other.next(); !e.comment || e.after != 15*time.Second {
				t.Errorf("next = %+v, want a comment after 15 s", e)
			}
		}
		if e, err := slow.nextOrEnd(); err == nil {
			t.Errorf("next = %+v after a minute without reading, want the connection closed", e)
		}
	})
}
