package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

func TestFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		behaves  behaviour
		code     upstream.Code
		state    upstream.State
		sent     int
		failures int64
	}{
		"it repeats a 500":                                    {answers(500, ""), upstream.CodeServerError, upstream.Failed, 3, 3},
		"it repeats a 503":                                    {answers(503, ""), upstream.CodeServerError, upstream.Failed, 3, 3},
		"it repeats a 408, reported as a time-out":            {answers(408, ""), upstream.CodeTimeout, upstream.Failed, 3, 3},
		"it repeats a 429 whose Retry-After fits":             {answers(429, "", "Retry-After", "1"), upstream.CodeRateLimited, upstream.Failed, 3, 0},
		"it does not repeat a 429 without Retry-After":        {answers(429, ""), upstream.CodeRateLimited, upstream.Failed, 1, 0},
		"it repeats an answer that is not JSON":               {answers(200, "garbage"), upstream.CodeInvalidResponse, upstream.Failed, 3, 3},
		"it repeats JSON that was cut off":                    {answers(200, `{"cut":`), upstream.CodeInvalidResponse, upstream.Failed, 3, 3},
		"it does not repeat whole JSON of a wrong shape":      {answers(200, `{"text": 1}`), upstream.CodeInvalidResponse, upstream.Failed, 1, 1},
		"it does not repeat a body that is too large":         {answers(200, strings.Repeat(" ", 4<<20+1)), upstream.CodeInvalidResponse, upstream.Failed, 1, 1},
		"it does not repeat an answer without data":           {answers(200, "nothing"), upstream.CodeNoData, upstream.Failed, 1, 0},
		"it repeats a 304 to an unconditional request":        {answers(304, ""), upstream.CodeInvalidResponse, upstream.Failed, 3, 3},
		"it does not repeat a redirect elsewhere":             {answers(302, "", "Location", "http://other.test/"), upstream.CodeInvalidResponse, upstream.Failed, 1, 1},
		"it repeats a broken connection":                      {fails(errReset), upstream.CodeConnection, upstream.Failed, 3, 3},
		"it repeats a time-out while time is left":            {hangs, upstream.CodeTimeout, upstream.Failed, 3, 3},
		"it does not repeat a 400":                            {answers(400, ""), upstream.CodeBadRequest, upstream.Failed, 1, 0},
		"it does not repeat a 422":                            {answers(422, ""), upstream.CodeBadRequest, upstream.Failed, 1, 0},
		"it does not repeat a 401":                            {answers(401, ""), upstream.CodeUnauthorized, upstream.Failed, 1, 0},
		"it does not repeat a 403":                            {answers(403, ""), upstream.CodeForbidden, upstream.Failed, 1, 0},
		"it does not repeat a 451, reported as forbidden":     {answers(451, ""), upstream.CodeForbidden, upstream.Failed, 1, 0},
		"it reports a 403 about a rate limit as rate limited": {answers(403, `{"message": "API Rate Limit exceeded"}`), upstream.CodeRateLimited, upstream.Failed, 1, 0},
		"it does not repeat a 404":                            {answers(404, ""), upstream.CodeNotFound, upstream.Skipped, 1, 0},
		"it does not repeat a 410, reported as not found":     {answers(410, ""), upstream.CodeNotFound, upstream.Skipped, 1, 0},
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(tt.behaves)
			up, s := serve(t, f)
			got := ask(s, "a")
			want(t, got, tt.state, tt.code)
			wantSent(t, f, tt.sent)
			if got.Attempts != tt.sent {
				t.Errorf("attempts = %d, want %d", got.Attempts, tt.sent)
			}
			if st := up.Status(); st.Failures != tt.failures || st.Calls != int64(tt.sent) || st.Retries != int64(tt.sent-1) {
				t.Errorf("status = %+v, want %d calls, %d failures", st, tt.sent, tt.failures)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	it(t, "succeeds with the third attempt", func(t *testing.T) {
		f := newFake(inTurn(answers(500, ""), fails(errReset), well))
		_, s := serve(t, f)
		got := ask(s, "a")
		want(t, got, upstream.Live, "")
		if got.Value != "fine" || got.Attempts != 3 {
			t.Errorf("answer = %q after %d attempts, want fine after 3", got.Value, got.Attempts)
		}
	})
	it(t, "waits twice as long before the second retry, half of it jitter", func(t *testing.T) {
		f := newFake(answers(500, ""))
		_, s := serve(t, f, func(c *config) { c.Policies.RetryMaxDelay = 150 * time.Millisecond })
		ask(s, "a")
		for n, most := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 150 * time.Millisecond} {
			if gap := f.Gap(n); gap < most/2 || gap > most {
				t.Errorf("retry %d came after %v, want %v to %v", n, gap, most/2, most)
			}
		}
	})
	it(t, "reports the failure at once when no time is left for another attempt", func(t *testing.T) {
		f := newFake(answers(500, ""))
		_, s := serve(t, f, func(c *config) {
			c.Policies.RetryDelay, c.Policies.RetryMaxDelay = 20*time.Second, 20*time.Second
		})
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), 0)
		want(t, got, upstream.Failed, upstream.CodeServerError)
		wantSent(t, f, 1)
	})
	it(t, "ends an attempt when the fetch times out", func(t *testing.T) {
		f := newFake(hangs)
		_, s := serve(t, f, func(c *config) { c.FetchBudget = 3 * time.Second })
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), 3*time.Second)
		want(t, got, upstream.Failed, upstream.CodeTimeout)
		wantSent(t, f, 2)
	})
	it(t, "sends nothing when the request cannot be built", func(t *testing.T) {
		f := newFake(well)
		up := open(t, f)
		s := things(up, func(s *spec) {
			s.Request = func(context.Context, string) (*http.Request, error) { return nil, errors.New("no") }
		})
		got := ask(s, "a")
		want(t, got, upstream.Failed, upstream.CodeBadRequest)
		wantSent(t, f, 0)
		if got.Attempts != 0 {
			t.Errorf("attempts = %d, want 0", got.Attempts)
		}
	})
}

func TestRetryBudget(t *testing.T) {
	// The budget starts with ten, and each call adds a fifth.
	const most = 130
	patient := func(c *config) { c.Policies.Breaker.MinCalls = 10_000 }
	it(t, "limits 100 failing calls to 130 requests", func(t *testing.T) {
		f := newFake(answers(500, ""))
		_, s := serve(t, f, patient)
		askMany(s, 100)
		if got := f.Sent(); got < 110 || got > most {
			t.Errorf("requests sent = %d, want 110 to %d", got, most)
		}
	})
	it(t, "limits retries at low traffic too", func(t *testing.T) {
		f := newFake(answers(500, ""))
		_, s := serve(t, f, patient)
		for range 100 {
			ask(s, fresh())
			time.Sleep(time.Minute)
		}
		if got := f.Sent(); got < 110 || got > most {
			t.Errorf("requests sent = %d, want 110 to %d", got, most)
		}
	})
	it(t, "is shared by retries and hedges", func(t *testing.T) {
		f := newFake(after(20*time.Millisecond, well))
		up, s := serve(t, f, patient, func(c *config) { c.Policies.HedgeQuantile = 0.95 })
		askMany(s, 20)
		f.Now(after(time.Second, answers(500, ""))) // slow enough for a hedge and then a retry
		askMany(s, 100)
		st := up.Status()
		if extra := st.Hedges + st.Retries; extra < 20 || extra > 34 || st.Hedges == 0 || st.Retries == 0 {
			t.Errorf("hedges + retries = %d + %d, want both, and 20 to 34 together", st.Hedges, st.Retries)
		}
	})
	it(t, "reports the failure that was not repeated", func(t *testing.T) {
		f := newFake(answers(500, ""))
		_, s := serve(t, f, patient)
		got := askMany(s, 60)
		want(t, got, upstream.Failed, upstream.CodeServerError)
		if got.Attempts != 1 {
			t.Errorf("attempts = %d, want 1", got.Attempts)
		}
	})
}

func TestTimeout(t *testing.T) {
	it(t, "ends the request's context at the attempt's deadline", func(t *testing.T) {
		var cut time.Time
		f := newFake(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			cut = time.Now()
			return nil, r.Context().Err()
		})
		_, s := serve(t, f, noRetries)
		start := time.Now()
		want(t, ask(s, "a"), upstream.Failed, upstream.CodeTimeout)
		wantTook(t, cut.Sub(start), 2*time.Second)
	})
	it(t, "ends an attempt that ignores its context when the fetch times out", func(t *testing.T) {
		f := newFake(well)
		up := open(t, f, noRetries)
		s := things(up, func(s *spec) {
			s.Request = func(ctx context.Context, _ string) (*http.Request, error) {
				<-ctx.Done()
				return http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
			}
		})
		want(t, ask(s, "a"), upstream.Failed, upstream.CodeTimeout)
	})
}

func TestBulkhead(t *testing.T) {
	one := func(c *config) { c.Policies.MaxConcurrent = 1 }
	it(t, "lets calls wait for a quarter of the time-out", func(t *testing.T) {
		f := newFake(after(400*time.Millisecond, well))
		_, s := serve(t, f, one)
		go ask(s, "a")
		time.Sleep(time.Millisecond)
		want(t, ask(s, "b"), upstream.Live, "")
		if got := f.Peak(); got != 1 {
			t.Errorf("requests at once = %d, want 1", got)
		}
	})
	it(t, "ends a wait when the fetch times out, and serves the stale value", func(t *testing.T) {
		f := newFake(well)
		up, s := aged(t, f, one, func(c *config) { c.FetchBudget = 400 * time.Millisecond })
		stubborn := things(up, func(s *spec) {
			s.Decode = func(upstream.Response) (string, error) { time.Sleep(time.Second); return "", nil }
		})
		go ask(stubborn, "b")
		time.Sleep(time.Millisecond)
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), 420*time.Millisecond)
		want(t, got, upstream.Stale, upstream.CodeTimeout)
		want(t, ask(s, "c"), upstream.Failed, upstream.CodeTimeout)
		time.Sleep(time.Second)
	})
	it(t, "refuses a call that would wait longer as overloaded", func(t *testing.T) {
		f := newFake(hangs)
		_, s := serve(t, f, one)
		go ask(s, "a")
		time.Sleep(time.Millisecond)
		var got answer
		wantTook(t, took(func() { got = ask(s, "b") }), 500*time.Millisecond)
		want(t, got, upstream.Failed, upstream.CodeOverloaded)
		if got.Attempts != 0 {
			t.Errorf("attempts = %d, want 0", got.Attempts)
		}
		wantSent(t, f, 1)
	})
}
