package upstream_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
)

// broken returns an upstream whose breaker has just opened.
func broken(t *testing.T, f *fake, changes ...func(*config)) (*upstream.Upstream, source) {
	t.Helper()
	up, s := serve(t, f, append(changes, noRetries)...)
	f.Now(answers(500, ""))
	askMany(s, 20)
	wantBreaker(t, up, "open")
	return up, s
}

func TestBreakerOpens(t *testing.T) {
	it(t, "at its share of failures among its least number of calls", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f, noRetries)
		askMany(s, 10)
		f.Now(answers(500, ""))
		askMany(s, 9)
		wantBreaker(t, up, "closed")
		askMany(s, 1)
		wantBreaker(t, up, "open")
	})
	it(t, "not below its share of failures", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f, noRetries)
		for range 20 {
			f.Now(well)
			askMany(s, 2)
			f.Now(answers(500, ""))
			askMany(s, 1)
		}
		wantBreaker(t, up, "closed")
	})
	for name, b := range map[string]behaviour{
		"not for a 404": answers(404, ""), "not for a 400": answers(400, ""), "not for a 403": answers(403, ""),
		"not for a 451": answers(451, ""), "not for a 429": answers(429, ""), "not for an answer without data": answers(200, "nothing"),
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(b)
			up, s := serve(t, f, noRetries)
			for range 100 {
				ask(s, fresh())
				time.Sleep(time.Second) // after this the 429 no longer delays calls
			}
			wantSent(t, f, 100)
			wantBreaker(t, up, "closed")
		})
	}
	it(t, "on an upstream that hangs while it uses all permits", func(t *testing.T) {
		f := newFake(hangs)
		up, s := serve(t, f, func(c *config) { c.Policies.MaxConcurrent = 8 })
		for range 800 {
			go ask(s, fresh())
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		wantBreaker(t, up, "open")
		if got := f.Peak(); got != 8 {
			t.Errorf("requests at once = %d, want 8", got)
		}
	})
	it(t, "by failures, not by calls refused for the quota", func(t *testing.T) {
		f := newFake(answers(500, ""))
		up, s := serve(t, f, noRetries, func(c *config) {
			c.Policies.Quotas = []upstream.Quota{{Calls: 10, Window: 2 * time.Second}}
		})
		askMany(s, 10)
		want(t, askMany(s, 200), upstream.Failed, upstream.CodeRateLimited)
		time.Sleep(2 * time.Second)
		askMany(s, 9)
		wantBreaker(t, up, "closed")
		askMany(s, 1)
		wantBreaker(t, up, "open")
	})
}

func TestOpenBreaker(t *testing.T) {
	it(t, "refuses at once, without a request, a retry or a delay", func(t *testing.T) {
		f := newFake(answers(500, ""))
		up, s := serve(t, f) // with retries
		for range 10 {
			ask(s, fresh())
		}
		wantBreaker(t, up, "open")
		sent := f.Sent()
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), 0)
		want(t, got, upstream.Failed, upstream.CodeCircuitOpen)
		wantSent(t, f, sent)
		if got.Attempts != 0 || got.Err.RetryAfter <= 4*time.Second || got.Err.RetryAfter > 5*time.Second {
			t.Errorf("attempts = %d, retry after %v, want 0 and what is left of 5 s", got.Attempts, got.Err.RetryAfter)
		}
	})
	it(t, "reports the original failure when it refuses a retry", func(t *testing.T) {
		f := newFake(answers(500, ""))
		up, s := serve(t, f, func(c *config) { c.Policies.Breaker.MinCalls = 1 })
		got := ask(s, "a")
		want(t, got, upstream.Failed, upstream.CodeServerError)
		wantBreaker(t, up, "open")
		wantSent(t, f, 1)
		want(t, ask(s, "b"), upstream.Failed, upstream.CodeCircuitOpen)
	})
	it(t, "uses no quota, so that probes have some left", func(t *testing.T) {
		f := newFake(answers(500, ""))
		up, s := serve(t, f, noRetries, func(c *config) {
			c.Policies.Quotas = []upstream.Quota{{Calls: 60, Window: time.Minute}}
			c.Policies.Breaker.MinCalls, c.Policies.Breaker.Delay = 4, time.Second
		})
		good := 0
		for n := range 200 { // 20 calls a second; the upstream is down for 5 s
			if n == 100 {
				f.Now(well)
			}
			if ask(s, fresh()).State == upstream.Live {
				good++
			}
			time.Sleep(50 * time.Millisecond)
		}
		if good < 50 {
			t.Errorf("good answers = %d of 60, want 50 at least", good)
		}
		wantSent(t, f, 60)
		wantBreaker(t, up, "closed")
	})
	it(t, "recovers within the quota though probes hang", func(t *testing.T) {
		f := newFake(hangs)
		up, s := serve(t, f, noRetries, func(c *config) {
			c.Policies.Quotas = []upstream.Quota{{Calls: 60, Window: time.Minute}}
			c.Policies.Breaker.MinCalls = 4
		})
		for n := range 50 * 20 {
			if n == 30*20 {
				f.Now(well)
			}
			go ask(s, fresh())
			time.Sleep(50 * time.Millisecond)
		}
		wantBreaker(t, up, "closed")
		if got := f.Sent(); got < 50 { // if probes hung one after another it would be 6, and the breaker stay open
			t.Errorf("requests sent = %d, want nearly all of 60", got)
		}
	})
}

func TestProbe(t *testing.T) {
	it(t, "is one at a time", func(t *testing.T) {
		f := newFake(well)
		up, s := broken(t, f)
		f.Now(after(time.Second, well))
		sent := f.Sent()
		time.Sleep(5 * time.Second)

		var probe answer
		var wg sync.WaitGroup
		wg.Go(func() { probe = ask(s, fresh()) })
		synctest.Wait()
		wantBreaker(t, up, "half_open")
		for range 10 {
			var got answer
			wantTook(t, took(func() { got = ask(s, fresh()) }), 0)
			want(t, got, upstream.Failed, upstream.CodeCircuitOpen)
		}
		wg.Wait()
		want(t, probe, upstream.Live, "")
		wantSent(t, f, sent+1)
		wantBreaker(t, up, "closed")
	})
	it(t, "re-opens the breaker when it hangs, and other calls are refused at once", func(t *testing.T) {
		f := newFake(well)
		up, s := broken(t, f, func(c *config) { c.Policies.MaxConcurrent = 1 })
		f.Now(hangs)
		time.Sleep(5 * time.Second)
		go ask(s, fresh())
		synctest.Wait()
		wantTook(t, took(func() { want(t, ask(s, fresh()), upstream.Failed, upstream.CodeCircuitOpen) }), 0)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantBreaker(t, up, "open")
		if in := up.Status().RetryIn; in != 5*time.Second {
			t.Errorf("retry in %v, want a whole delay", in)
		}
	})
	for name, tt := range map[string]struct {
		behaves behaviour
		breaker string
	}{
		"closes it with a success":           {well, "closed"},
		"closes it with a 404, an answer":    {answers(404, ""), "closed"},
		"re-opens it with a failure":         {answers(500, ""), "open"},
		"re-opens it when it is cancelled":   {fails(context.Canceled), "open"},
		"re-opens it with an invalid answer": {answers(200, "garbage"), "open"},
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(well)
			up, s := broken(t, f)
			f.Now(tt.behaves)
			sent := f.Sent()
			time.Sleep(5 * time.Second)
			ask(s, fresh())
			wantSent(t, f, sent+1)
			wantBreaker(t, up, tt.breaker)
		})
	}
	it(t, "is allowed one delay after the last failure, not earlier", func(t *testing.T) {
		f := newFake(well)
		up, s := broken(t, f)
		f.Now(well)
		time.Sleep(5*time.Second - time.Nanosecond)
		want(t, ask(s, fresh()), upstream.Failed, upstream.CodeCircuitOpen)
		time.Sleep(time.Nanosecond)
		want(t, ask(s, fresh()), upstream.Live, "")
		wantBreaker(t, up, "closed")
	})
}
