package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tributary/api/admission"
)

// wantNothingDone wants the refusal of a write that was not sent.
func (a *answer) wantNothingDone(early bool) {
	a.t.Helper()
	p := a.wantOverloaded(early)
	if p.Outcome != "not_done" || p.RetrySafe == nil || !*p.RetrySafe {
		a.t.Errorf("%s: %s, want the outcome not_done, and that it is safe to repeat", a.call, a.body)
	}
}

func TestOverloadAndWrites(t *testing.T) {
	for _, w := range []write{post, put, patch, remove, keyedPost, keyedPatch} {
		it(t, "sends nothing for "+w.method+" "+w.key, func(t *testing.T) {
			g := newLoaded(t)
			empty := g.fill()
			g.carry(w).wantNothingDone(false)
			g.carry(w).wantNothingDone(w.key == "") // a key may have an answer
			empty()
			a := g.carry(w)
			if a.StatusCode >= 300 {
				t.Errorf("%s: %d %s once there is room", a.call, a.StatusCode, a.body)
			}
			a.wantHeader("Idempotent-Replayed", "") // the refusal is not kept under the key
		})
	}
	it(t, "replays the answer to a key", func(t *testing.T) {
		g := newLoaded(t)
		first := g.carry(keyedPost)
		defer g.close()()
		g.carry(keyedPost).wantReplay(first)
	})
	it(t, "carries out what was let in", func(t *testing.T) {
		g := newLoaded(t)
		g.directory.Now(after(time.Second, g.directory.serve))
		wait := g.beside(keyedPatch) // reads the user, and then writes it
		synctest.Wait()
		defer g.close()()
		wait().wantStatus(http.StatusOK)
	})
}

// aborts is a ResponseWriter whose connection breaks.
type aborts struct{ http.ResponseWriter }

func (aborts) WriteHeader(int) { panic(http.ErrAbortHandler) }

func TestPermitIsGivenBack(t *testing.T) {
	for name, w := range map[string]func() http.ResponseWriter{
		"at the end":    func() http.ResponseWriter { return httptest.NewRecorder() },
		"after a panic": func() http.ResponseWriter { return aborts{httptest.NewRecorder()} },
	} {
		it(t, name, func(t *testing.T) {
			g := newLoaded(t)
			g.all(after(time.Second, reports(0)))
			var done sync.WaitGroup
			done.Go(func() {
				defer func() { _ = recover() }()
				g.handler.ServeHTTP(w(), httptest.NewRequest(http.MethodGet, place(1), nil))
			})
			synctest.Wait()
			if n := g.limiter.Status().InFlight; n != 1 {
				t.Errorf("%d in flight while three sources are asked, want 1", n)
			}
			done.Wait()
			if n := g.limiter.Status().InFlight; n != 0 {
				t.Errorf("%d in flight at the end, want 0", n)
			}
		})
	}
}

// load sends requests for new places, so many a second, and returns how many were refused.
func (l *loaded) load(rate int, d time.Duration, from *int) (refused int64) {
	var (
		all   sync.WaitGroup
		count atomic.Int64
	)
	for range int(d.Seconds() * float64(rate)) {
		*from++
		r := httptest.NewRequest(http.MethodGet, "/v1/weather?lat=20&lon="+lonOf(*from), nil)
		all.Go(func() {
			rec := httptest.NewRecorder()
			l.handler.ServeHTTP(rec, r)
			if strings.Contains(rec.Body.String(), "gateway_overloaded") {
				count.Add(1)
			}
		})
		time.Sleep(time.Second / time.Duration(rate))
	}
	all.Wait()
	return count.Load()
}

func TestSlowUpstreams(t *testing.T) {
	it(t, "are no overload while no goroutine waits", func(t *testing.T) {
		g := newLoaded(t, func(s *setup) { s.policies.MaxConcurrent = 1000 })
		g.all(after(1500*time.Millisecond, reports(0)))
		if n := g.load(60, 10*time.Second, new(int)); n > 0 { // 90 in flight
			t.Errorf("%d of 600 requests were refused, want none", n)
		}
	})
}

func TestRecovery(t *testing.T) {
	it(t, "takes a second at most", func(t *testing.T) {
		g := newLoaded(t)
		g.all(after(50*time.Millisecond, reports(0)))
		var n int
		g.wait.Store(int64(10 * time.Millisecond))
		g.load(400, time.Second, &n)
		if refused := g.load(400, time.Second, &n); refused == 0 {
			t.Error("nothing was refused while goroutines waited for 10 ms and 20 requests were in flight")
		}
		g.wait.Store(0)
		g.load(400, time.Second, &n)
		if refused := g.load(400, 2*time.Second, &n); refused > 0 {
			t.Errorf("%d requests were refused a second after the overload", refused)
		}
	})
}

func TestOverloadAndStreams(t *testing.T) {
	it(t, "leaves later refreshes out, and makes up for them", func(t *testing.T) {
		g := newLoaded(t)
		s := g.listen(hereLive)
		before := s.event("answer").temperature(t)
		g.all(reports(9))
		empty := g.fill()
		s.wantQuiet(30 * time.Minute) // fresh for 10 minutes, and then served while it is revalidated
		empty()
		if got := s.event("answer").temperature(t); got == before {
			t.Errorf("temperature = %v after the overload, want another", got)
		}
	})
	it(t, "uses no more than a refresh may", func(t *testing.T) {
		g := newLoaded(t)
		s := g.listen(hereLive)
		s.event("answer")
		synctest.Wait()
		if got := g.limiter.Status(); got.InFlight != 0 || got.Refused[admission.Refresh] != 0 {
			t.Errorf("admission = %+v after the first answer, want nothing in flight", got)
		}
	})
}
