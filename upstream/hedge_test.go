package upstream_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
)

func hedged(c *config) {
	c.Policies.HedgeQuantile = 0.95
	noRetries(c)
}

const (
	usual = 20 * time.Millisecond
	hedge = 21 * time.Millisecond // the quantile of the latencies, plus a little
)

// warm returns an upstream with enough latencies to hedge.
func warm(t *testing.T, f *fake, changes ...func(*config)) (*upstream.Upstream, source) {
	t.Helper()
	up, s := serve(t, f, append([]func(*config){hedged}, changes...)...)
	f.Now(after(usual, well))
	askMany(s, 20)
	wantSent(t, f, 20)
	return up, s
}

func TestHedge(t *testing.T) {
	it(t, "starts after the quantile and wins over a slow attempt", func(t *testing.T) {
		f := newFake(well)
		up, s := warm(t, f)
		f.Now(inTurn(hangs, after(5*time.Millisecond, well)))
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), hedge+5*time.Millisecond)
		want(t, got, upstream.Live, "")
		if got.Attempts != 2 || up.Status().Hedges != 1 {
			t.Errorf("attempts = %d, hedges = %d, want 2 and 1", got.Attempts, up.Status().Hedges)
		}
	})
	it(t, "cancels the loser, which does not count as a failure", func(t *testing.T) {
		f := newFake(well)
		up, s := warm(t, f, func(c *config) { c.Policies.Breaker.MinCalls, c.Policies.Breaker.FailureRate = 3, 0.1 })
		var cancelled int
		for range 10 {
			f.Now(inTurn(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				cancelled++
				return nil, r.Context().Err()
			}, well))
			want(t, ask(s, fresh()), upstream.Live, "")
			time.Sleep(10 * time.Second) // other calls have paid into the retry budget by then
			f.Now(after(usual, well))
			askMany(s, 5)
		}
		synctest.Wait()
		if cancelled != 10 {
			t.Errorf("losers cancelled = %d, want 10", cancelled)
		}
		wantBreaker(t, up, "closed")
		if st := up.Status(); st.Failures != 0 || st.LastError != nil || st.InFlight != 0 {
			t.Errorf("status = %+v, want no failure and nothing in flight", st)
		}
	})
	it(t, "waits a few median latencies at most when many calls are slow", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f, hedged)
		f.Now(after(usual, well))
		askMany(s, 16)
		f.Now(after(time.Second, well))
		askMany(s, 8)
		f.Now(inTurn(hangs, well))
		wantTook(t, took(func() { want(t, ask(s, "a"), upstream.Live, "") }), 5*usual+time.Millisecond)
	})
	it(t, "is still sent after one slow first call", func(t *testing.T) {
		f := newFake(after(300*time.Millisecond, well))
		up, s := serve(t, f, hedged)
		askMany(s, 1)
		f.Now(after(usual, well))
		askMany(s, 39)
		f.Now(inTurn(hangs, well))
		wantTook(t, took(func() { want(t, ask(s, "a"), upstream.Live, "") }), hedge)
		if got := up.Status().Hedges; got != 1 {
			t.Errorf("hedges = %d, want 1", got)
		}
	})
}

func TestNoHedge(t *testing.T) {
	slow := after(time.Second, well)
	it(t, "below twenty latencies", func(t *testing.T) {
		f := newFake(after(usual, well))
		_, s := serve(t, f, hedged)
		askMany(s, 19)
		f.Now(slow)
		ask(s, "a")
		wantSent(t, f, 20)
	})
	it(t, "when it is switched off", func(t *testing.T) {
		f := newFake(well)
		_, s := warm(t, f, func(c *config) { c.Policies.HedgeQuantile = 0 })
		f.Now(slow)
		ask(s, "a")
		wantSent(t, f, 21)
	})
	it(t, "for a refresh in the background", func(t *testing.T) {
		f := newFake(well)
		up, s := warm(t, f)
		ask(s, "a")
		f.Now(slow)
		time.Sleep(10 * time.Minute)
		want(t, ask(s, "a"), upstream.Revalidating, "")
		time.Sleep(2 * time.Second)
		wantSent(t, f, 22)
		if got := up.Status().Hedges; got != 0 {
			t.Errorf("hedges = %d, want 0", got)
		}
	})
	it(t, "for a probe", func(t *testing.T) {
		f := newFake(well)
		up, s := warm(t, f)
		f.Now(answers(500, ""))
		askMany(s, 20)
		wantBreaker(t, up, "open")
		f.Now(slow)
		time.Sleep(5 * time.Second)
		want(t, ask(s, "a"), upstream.Live, "")
		wantSent(t, f, 41)
	})
	it(t, "when the breaker opened while it waited", func(t *testing.T) {
		f := newFake(well)
		up, s := warm(t, f, func(c *config) { c.Policies.Breaker.FailureRate = 0.1 })
		f.Now(slow)
		go ask(s, "a")
		time.Sleep(time.Millisecond)
		f.Now(answers(500, ""))
		askMany(s, 3)
		wantBreaker(t, up, "open")
		time.Sleep(time.Second)
		wantSent(t, f, 24)
	})
	it(t, "while the upstream's Retry-After runs", func(t *testing.T) {
		f := newFake(well)
		_, s := warm(t, f)
		f.Now(slow)
		go ask(s, "a")
		time.Sleep(time.Millisecond)
		f.Now(answers(429, "", "Retry-After", "30"))
		ask(s, "b")
		time.Sleep(time.Second)
		wantSent(t, f, 22)
	})
}

func TestHedgeAndFailure(t *testing.T) {
	it(t, "ends at once with one request when it fails before the hedge", func(t *testing.T) {
		f := newFake(well)
		_, s := warm(t, f)
		f.Now(after(5*time.Millisecond, answers(500, "")))
		wantTook(t, took(func() { want(t, ask(s, "a"), upstream.Failed, upstream.CodeServerError) }), 5*time.Millisecond)
		wantSent(t, f, 21)
	})
	it(t, "returns the hedge's success when the first attempt fails", func(t *testing.T) {
		f := newFake(well)
		_, s := warm(t, f)
		f.Now(inTurn(after(60*time.Millisecond, answers(500, "")), after(100*time.Millisecond-hedge, well)))
		wantTook(t, took(func() { want(t, ask(s, "a"), upstream.Live, "") }), 100*time.Millisecond)
	})
	for name, b := range map[string]behaviour{
		"is not harmed by a hedge that gets a 500":          answers(500, ""),
		"is not harmed by a hedge that is one too many":     answers(429, ""),
		"is not harmed by a hedge whose connection breaks":  fails(errReset),
		"is not harmed by a hedge with an incredible reply": answers(200, "garbage"),
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(well)
			_, s := warm(t, f)
			f.Now(inTurn(after(100*time.Millisecond, well), b))
			wantTook(t, took(func() { want(t, ask(s, "a"), upstream.Live, "") }), 100*time.Millisecond)
			wantSent(t, f, 22)
		})
	}
	it(t, "returns the first 404 of the two", func(t *testing.T) {
		f := newFake(well)
		_, s := warm(t, f)
		f.Now(inTurn(hangs, answers(404, "")))
		wantTook(t, took(func() { want(t, ask(s, "a"), upstream.Skipped, upstream.CodeNotFound) }), hedge)
	})
	it(t, "counts as one failure for the breaker when both fail", func(t *testing.T) {
		f := newFake(well)
		up, s := warm(t, f, func(c *config) { c.Policies.Breaker.MinCalls, c.Policies.Breaker.FailureRate = 22, 0.09 })
		f.Now(after(50*time.Millisecond, answers(500, "")))
		ask(s, "a") // 1 of 21
		wantSent(t, f, 22)
		wantBreaker(t, up, "closed")
		ask(s, "b") // 2 of 22
		wantBreaker(t, up, "open")
	})
	it(t, "takes no longer with a hedge than without", func(t *testing.T) {
		f := newFake(well)
		_, s := warm(t, f)
		f.Now(hangs)
		wantTook(t, took(func() { want(t, ask(s, "a"), upstream.Failed, upstream.CodeTimeout) }), 2*time.Second)
		wantSent(t, f, 22)
	})
}

func TestHedgeLimits(t *testing.T) {
	it(t, "stays within the bulkhead", func(t *testing.T) {
		f := newFake(well)
		up, s := warm(t, f, func(c *config) { c.Policies.MaxConcurrent = 4 })
		f.Now(hangs)
		for range 20 {
			go ask(s, fresh())
			time.Sleep(30 * time.Millisecond)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := f.Peak(); got != 4 {
			t.Errorf("requests at once = %d, want 4", got)
		}
		if up.Status().Hedges == 0 {
			t.Error("no hedges were sent")
		}
	})
	it(t, "stays within the bulkhead while hedges win", func(t *testing.T) {
		f := newFake(well)
		up, s := warm(t, f, func(c *config) { c.Policies.MaxConcurrent = 4 })
		var n int
		var mu sync.Mutex
		f.Now(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			n++
			slow := n%5 == 0
			mu.Unlock()
			if slow {
				return after(300*time.Millisecond, well)(r)
			}
			return after(usual, well)(r)
		})
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() { ask(s, fresh()) })
			time.Sleep(15 * time.Millisecond)
		}
		wg.Wait()
		if got := f.Peak(); got > 4 {
			t.Errorf("requests at once = %d, want 4 at most", got)
		}
		if up.Status().Hedges == 0 {
			t.Error("no hedges were sent")
		}
	})
	it(t, "stays within the quota", func(t *testing.T) {
		f := newFake(well)
		up, s := warm(t, f, func(c *config) { c.Policies.Quotas = []upstream.Quota{{Calls: 30, Window: time.Hour}} })
		f.Now(inTurn(hangs, well, hangs, well, hangs, well, hangs, well, hangs, well, well))
		for range 30 {
			ask(s, fresh())
		}
		wantSent(t, f, 30)
		if st := up.Status(); st.Hedges != 5 || *st.QuotaLeft != 0 {
			t.Errorf("hedges = %d, quota left = %d, want 5 and 0", st.Hedges, *st.QuotaLeft)
		}
		want(t, ask(s, fresh()), upstream.Failed, upstream.CodeRateLimited)
	})
	it(t, "sends no hedge for the last call of the quota", func(t *testing.T) {
		f := newFake(well)
		_, s := warm(t, f, func(c *config) { c.Policies.Quotas = []upstream.Quota{{Calls: 21, Window: time.Hour}} })
		f.Now(after(time.Second, well))
		want(t, ask(s, "a"), upstream.Live, "")
		wantSent(t, f, 21)
	})
	it(t, "sends no hedge when the bulkhead is full, and spends no retry budget on it", func(t *testing.T) {
		f := newFake(well)
		_, s := warm(t, f, func(c *config) { c.Policies.MaxConcurrent, c.Policies.Retries = 1, 1 })
		f.Now(after(time.Second, well))
		askMany(s, 15)
		wantSent(t, f, 35)
		f.Now(answers(500, ""))
		askMany(s, 1)
		wantSent(t, f, 37)
	})
	it(t, "releases its permits", func(t *testing.T) {
		f := newFake(well)
		_, s := warm(t, f, func(c *config) { c.Policies.MaxConcurrent = 2 })
		for range 5 {
			f.Now(inTurn(hangs, well))
			want(t, s.Ask(context.Background(), fresh(), upstream.Directives{}), upstream.Live, "")
		}
		f.Now(after(usual, well))
		var wg sync.WaitGroup
		wantTook(t, took(func() {
			for range 2 {
				wg.Go(func() { ask(s, fresh()) })
			}
			wg.Wait()
		}), usual)
	})
}
