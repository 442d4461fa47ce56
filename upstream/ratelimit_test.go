package upstream_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
)

func TestRetryAfter(t *testing.T) {
	it(t, "is waited for in seconds, when it fits", func(t *testing.T) {
		f := newFake(inTurn(answers(429, "", "Retry-After", "3"), well))
		_, s := serve(t, f)
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), 3*time.Second)
		want(t, got, upstream.Live, "")
		if got.Attempts != 2 {
			t.Errorf("attempts = %d, want 2", got.Attempts)
		}
	})
	it(t, "is waited for until a date, when it fits", func(t *testing.T) {
		date := time.Now().Add(3 * time.Second).UTC().Format(http.TimeFormat)
		f := newFake(inTurn(answers(503, "", "Retry-After", date), well))
		_, s := serve(t, f)
		wantTook(t, took(func() { want(t, ask(s, "a"), upstream.Live, "") }), 3*time.Second)
	})
	it(t, "ends the call at once when it does not fit", func(t *testing.T) {
		f := newFake(answers(429, "", "Retry-After", "30"))
		_, s := serve(t, f)
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), 0)
		want(t, got, upstream.Failed, upstream.CodeRateLimited)
		if got.Err.RetryAfter != 30*time.Second || got.FwdStatus != 429 {
			t.Errorf("retry after = %v with status %d, want 30 s with 429", got.Err.RetryAfter, got.FwdStatus)
		}
		wantSent(t, f, 1)
	})
	it(t, "delays every call to the upstream until then", func(t *testing.T) {
		f := newFake(answers(429, "", "Retry-After", "30"))
		up, s := serve(t, f)
		ask(s, "a")
		f.Now(well)
		time.Sleep(10 * time.Second)
		var got answer
		wantTook(t, took(func() { got = ask(things(up), "b") }), 0)
		want(t, got, upstream.Failed, upstream.CodeRateLimited)
		if got.Attempts != 0 || got.Err.RetryAfter != 20*time.Second {
			t.Errorf("attempts = %d, retry after = %v, want 0 and 20 s", got.Attempts, got.Err.RetryAfter)
		}
		wantSent(t, f, 1)
		time.Sleep(20 * time.Second)
		want(t, ask(s, "b"), upstream.Live, "")
	})
	it(t, "refuses calls with the code of the failure that set it", func(t *testing.T) {
		f := newFake(answers(503, "", "Retry-After", "30"))
		_, s := serve(t, f)
		want(t, ask(s, "a"), upstream.Failed, upstream.CodeServerError)
		want(t, ask(s, "b"), upstream.Failed, upstream.CodeServerError)
		wantSent(t, f, 1)
	})
	for name, value := range map[string]string{
		"is obeyed for five minutes at most": "86400",
		"is obeyed however large":            "99999999999999999999",
		"is obeyed as a date far away":       "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(answers(429, "", "Retry-After", value))
			_, s := serve(t, f)
			ask(s, "a")
			f.Now(well)
			time.Sleep(5*time.Minute - time.Second)
			got := ask(s, "b")
			want(t, got, upstream.Failed, upstream.CodeRateLimited)
			if got.Err != nil && got.Err.RetryAfter != time.Second {
				t.Errorf("retry after = %v, want 1 s", got.Err.RetryAfter)
			}
			time.Sleep(time.Second)
			want(t, ask(s, "b"), upstream.Live, "")
		})
	}
	it(t, "is not shortened by a later and shorter one", func(t *testing.T) {
		f := newFake(after(time.Millisecond, answers(429, "", "Retry-After", "60")))
		_, s := serve(t, f, noRetries)
		go ask(s, "a")
		synctest.Wait()
		f.Now(after(2*time.Millisecond, answers(429, "", "Retry-After", "1")))
		ask(s, "b")
		time.Sleep(30 * time.Second)
		want(t, ask(s, "c"), upstream.Failed, upstream.CodeRateLimited)
		wantSent(t, f, 2)
	})
	for name, header := range map[string][]string{
		"holds back for the longest retry delay where a 429 says nothing": nil,
		"is ignored when it is malformed":                                 {"Retry-After", "soon"},
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(inTurn(answers(429, "", header...), well))
			_, s := serve(t, f)
			want(t, ask(s, "a"), upstream.Failed, upstream.CodeRateLimited)
			time.Sleep(time.Second - 1)
			want(t, ask(s, "a"), upstream.Failed, upstream.CodeRateLimited)
			wantSent(t, f, 1)
			time.Sleep(time.Nanosecond)
			want(t, ask(s, "a"), upstream.Live, "")
		})
	}
	it(t, "uses no retry budget while it runs", func(t *testing.T) {
		f := newFake(answers(429, "", "Retry-After", "30"))
		_, s := serve(t, f)
		askMany(s, 50)
		wantSent(t, f, 1)
		time.Sleep(30 * time.Second)
		f.Now(answers(500, ""))
		ask(s, "a")
		wantSent(t, f, 4)
	})
	it(t, "is obeyed for an hour at most when the provider sets it", func(t *testing.T) {
		f := newFake(well)
		up := open(t, f)
		s := things(up, func(s *spec) {
			s.Refusal = func(upstream.Response) *upstream.Error {
				return &upstream.Error{Code: upstream.CodeRateLimited, RetryAfter: 20 * time.Hour}
			}
		})
		ask(s, "a")
		time.Sleep(time.Hour)
		f.Now(answers(403, ""))
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeRateLimited)
		f.Now(well)
		time.Sleep(time.Hour - 1)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeRateLimited)
		want(t, ask(s, "b"), upstream.Failed, upstream.CodeRateLimited)
		time.Sleep(time.Nanosecond)
		want(t, ask(s, "a"), upstream.Live, "")
	})
	it(t, "may be set by the provider's code", func(t *testing.T) {
		f := newFake(answers(403, "", "X-RateLimit-Remaining", "0"))
		up := open(t, f)
		s := things(up, func(s *spec) {
			s.Refusal = func(r upstream.Response) *upstream.Error {
				if r.Header.Get("X-RateLimit-Remaining") != "0" {
					return nil
				}
				e := upstream.Errorf(upstream.CodeRateLimited, "quota exhausted")
				e.RetryAfter = time.Hour
				return e
			}
		})
		got := ask(s, "a")
		want(t, got, upstream.Failed, upstream.CodeRateLimited)
		if got.FwdStatus != 403 {
			t.Errorf("status = %d, want 403", got.FwdStatus)
		}
		want(t, ask(s, "b"), upstream.Failed, upstream.CodeRateLimited)
		wantSent(t, f, 1)
		time.Sleep(time.Hour - time.Second)
		want(t, ask(s, "b"), upstream.Failed, upstream.CodeRateLimited)
		wantSent(t, f, 1)
		time.Sleep(time.Second)
		f.Now(answers(403, ""))
		want(t, ask(s, "b"), upstream.Failed, upstream.CodeForbidden)
	})
}

func TestQuota(t *testing.T) {
	ten := func(c *config) { c.Policies.Quotas = []upstream.Quota{{Calls: 10, Window: time.Minute}} }
	it(t, "refuses a call over the quota without waiting, and says when it is renewed", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f, ten)
		time.Sleep(15 * time.Second)
		askMany(s, 10)
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), 0)
		want(t, got, upstream.Failed, upstream.CodeRateLimited)
		if got.Attempts != 0 || got.Err.RetryAfter != 45*time.Second || *up.Status().QuotaLeft != 0 {
			t.Errorf("attempts = %d, retry after = %v, left = %d, want 0, 45 s and 0",
				got.Attempts, got.Err.RetryAfter, *up.Status().QuotaLeft)
		}
		time.Sleep(45 * time.Second)
		want(t, ask(s, "a"), upstream.Live, "")
	})
	it(t, "reports what is left of the window", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f, ten)
		askMany(s, 3)
		wantLeft := func(left int) {
			t.Helper()
			if got := *up.Status().QuotaLeft; got != left {
				t.Errorf("left = %d, want %d", got, left)
			}
		}
		wantLeft(7)
		time.Sleep(time.Minute)
		wantLeft(10)
	})
	it(t, "reports the attempt's failure when it refuses the retry", func(t *testing.T) {
		f := newFake(answers(500, ""))
		_, s := serve(t, f, func(c *config) { c.Policies.Quotas = []upstream.Quota{{Calls: 1, Window: time.Minute}} })
		want(t, ask(s, "a"), upstream.Failed, upstream.CodeServerError)
		wantSent(t, f, 1)
	})
	it(t, "is not used by answers from the cache", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f, ten)
		for range 20 {
			ask(s, "a")
		}
		if got := *up.Status().QuotaLeft; got != 9 {
			t.Errorf("left = %d, want 9", got)
		}
	})
}
