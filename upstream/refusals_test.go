package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
)

// After an upstream refuses a request, further requests pause. The table says for
// what and how long.
func TestRefusals(t *testing.T) {
	scope := func(s upstream.Scope) func(*spec) { return func(sp *spec) { sp.Forbidden = s } }
	type steps []time.Duration // one more request after each
	minute := time.Minute
	for name, tt := range map[string]struct {
		refuses behaviour
		spec    func(*spec)
		code    upstream.Code
		other   bool // another key of the source is paused too
		steps   steps
	}{
		"of credentials pause the source, up to 5 minutes": {
			answers(401, ""), scope(upstream.ThisKey), upstream.CodeUnauthorized, true,
			steps{30 * time.Second, minute, 2 * minute, 4 * minute, 5 * minute, 5 * minute},
		},
		"of one resource pause its key": {
			answers(403, ""), scope(upstream.ThisKey), upstream.CodeForbidden, false,
			steps{30 * time.Second, minute, 2 * minute, 4 * minute, 5 * minute, 5 * minute},
		},
		"with a 451 pause the key, whatever scope a 403 has": {
			answers(451, ""), scope(upstream.ThisUpstream), upstream.CodeForbidden, false,
			steps{30 * time.Second, minute, 2 * minute},
		},
		"that concern all our requests pause the source": {
			answers(403, ""), scope(upstream.ThisSource), upstream.CodeForbidden, true,
			steps{30 * time.Second, minute, 2 * minute, 4 * minute, 5 * minute, 5 * minute},
		},
		"that are a ban pause the upstream": {
			answers(403, "<html>"), scope(upstream.ThisUpstream), upstream.CodeForbidden, true,
			steps{minute, 2 * minute, 4 * minute, 5 * minute, 5 * minute},
		},
		"with a 429 pause the upstream for the provider's minute, up to 15": {
			answers(429, "<html>"), func(s *spec) { s.LimitPause = minute }, upstream.CodeRateLimited, true,
			steps{minute, 2 * minute, 4 * minute, 8 * minute, 15 * minute, 15 * minute},
		},
		"with a 403 about a rate limit count as a 429": {
			answers(403, `{"message": "API rate limit exceeded for 203.0.113.7"}`), func(s *spec) { s.LimitPause = minute }, upstream.CodeRateLimited, true,
			steps{minute, 2 * minute, 4 * minute},
		},
		"without data pause the key for 5 minutes": {
			answers(200, "nothing"), nil, upstream.CodeNoData, false,
			steps{5 * minute, 5 * minute, 5 * minute},
		},
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(tt.refuses)
			up := open(t, f)
			s := things(up, func(sp *spec) {
				if tt.spec != nil {
					tt.spec(sp)
				}
			})
			want(t, ask(s, "a"), upstream.Failed, tt.code)
			for n, step := range tt.steps {
				time.Sleep(step - time.Millisecond)
				got := ask(s, "a")
				want(t, got, upstream.Failed, tt.code)
				if got.Attempts != 0 {
					t.Errorf("attempts while it is held back = %d, want 0", got.Attempts)
				}
				wantSent(t, f, n+1)
				time.Sleep(time.Millisecond)
				ask(s, "a")
				wantSent(t, f, n+2)
			}
			f.Now(well)
			state, code := upstream.Live, upstream.Code("")
			if tt.other {
				state, code = upstream.Failed, tt.code
			}
			want(t, ask(s, "other"), state, code)
			time.Sleep(20 * minute)
			want(t, ask(s, "a"), upstream.Live, "")
			f.Now(tt.refuses)
			time.Sleep(25 * time.Hour)
			sent := f.Sent()
			ask(s, "a")
			f.Now(well)
			time.Sleep(tt.steps[0]) // this row is over, so the next pause is the shortest
			want(t, ask(s, "a"), upstream.Live, "")
			wantSent(t, f, sent+2)
		})
	}
	it(t, "pause the upstream when the credentials of two sources were refused", func(t *testing.T) {
		f := newFake(well)
		up := open(t, f)
		one, two, three := things(up), things(up), things(up)
		want(t, ask(three, "a"), upstream.Live, "")
		f.Now(answers(401, ""))
		ask(one, "a")
		want(t, ask(two, "a"), upstream.Failed, upstream.CodeUnauthorized)
		wantSent(t, f, 3)
		got := ask(three, "b")
		want(t, got, upstream.Failed, upstream.CodeUnauthorized)
		if got.Attempts != 0 || got.Err.RetryAfter != 30*time.Second {
			t.Errorf("attempts = %d, retry after %v; want 0, and 30 s", got.Attempts, got.Err.RetryAfter)
		}
		time.Sleep(30 * time.Second)
		f.Now(well)
		want(t, ask(three, "b"), upstream.Live, "")
		want(t, ask(one, "a"), upstream.Live, "")
		f.Now(answers(401, ""))
		ask(one, "b")
		f.Now(well)
		want(t, ask(three, "c"), upstream.Live, "") // one source is refused again, so the upstream is not paused
	})
	it(t, "of a write pause writes, not reads", func(t *testing.T) {
		f := newFake(answers(401, ""))
		up, s := serve(t, f)
		upstream.Send(t.Context(), up, post(false))
		got := upstream.Send(t.Context(), up, post(false))
		if got.Err == nil || got.Err.Code != upstream.CodeUnauthorized || got.Attempts != 0 || got.Err.Uncertain {
			t.Errorf("second write = %v after %d requests, want unauthorized, certain, after 0", got.Err, got.Attempts)
		}
		f.Now(well)
		want(t, ask(s, "a"), upstream.Live, "")
	})
	it(t, "of calls already sent do not double the pause", func(t *testing.T) {
		f := newFake(after(time.Second, answers(401, "")))
		_, s := serve(t, f)
		for _, name := range []string{"a", "b", "c"} {
			go ask(s, name)
		}
		synctest.Wait()
		time.Sleep(time.Second + 30*time.Second)
		f.Now(well)
		want(t, ask(s, "a"), upstream.Live, "")
	})
	for name, tt := range map[string]struct {
		refuses behaviour
		state   upstream.State
		code    upstream.Code
		lasting bool // the stale value is kept
	}{
		"serve the stale value after a 401":                  {answers(401, ""), upstream.Stale, upstream.CodeUnauthorized, true},
		"serve the stale value after a 403":                  {answers(403, ""), upstream.Stale, upstream.CodeForbidden, true},
		"serve the stale value after a 429":                  {answers(429, ""), upstream.Stale, upstream.CodeRateLimited, true},
		"serve the stale value after an answer without data": {answers(200, "nothing"), upstream.Stale, upstream.CodeNoData, true},
		"delete the stale value after a 404":                 {answers(404, ""), upstream.Skipped, upstream.CodeNotFound, false},
		"delete the stale value after a 410":                 {answers(410, ""), upstream.Skipped, upstream.CodeNotFound, false},
		"delete the stale value after a 451":                 {answers(451, ""), upstream.Failed, upstream.CodeForbidden, false},
		"keep the stale value after a 500":                   {answers(500, ""), upstream.Stale, upstream.CodeServerError, true},
		"keep the stale value when the answer is not JSON":   {answers(200, "garbage"), upstream.Stale, upstream.CodeInvalidResponse, true},
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(well)
			_, s := serve(t, f, noRetries)
			ask(s, "a")
			time.Sleep(time.Hour)
			f.Now(tt.refuses)
			want(t, ask(s, "a"), tt.state, tt.code)
			time.Sleep(10 * time.Minute)
			f.Now(fails(errReset))
			state, code := upstream.Failed, upstream.CodeConnection
			if tt.lasting {
				state = upstream.Stale
			}
			want(t, ask(s, "a"), state, code)
		})
	}
	it(t, "of one resource double the pause with a stale value too", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f)
		ask(s, "a")
		time.Sleep(time.Hour)
		f.Now(answers(403, ""))
		for n, d := range []time.Duration{0, 30 * time.Second, time.Minute, 2 * time.Minute} {
			time.Sleep(d)
			want(t, ask(s, "a"), upstream.Stale, upstream.CodeForbidden)
			want(t, ask(s, "a"), upstream.Stale, upstream.CodeForbidden)
			wantSent(t, f, n+2)
		}
	})
	noCache := upstream.ParseDirectives(http.Header{"Cache-Control": {"no-cache"}})
	for name, tt := range map[string]struct {
		refuses behaviour
		again   bool
	}{
		"without data are fetched again for a caller's no-cache":        {answers(200, "nothing"), true},
		"of one resource are not fetched again for a caller's no-cache": {answers(403, ""), false},
	} {
		for _, old := range []bool{false, true} {
			it(t, fmt.Sprintf("%s, with an old value: %t", name, old), func(t *testing.T) {
				f := newFake(tt.refuses)
				_, s := serve(t, f)
				if old {
					f.Now(well)
					ask(s, "a")
					time.Sleep(time.Hour)
					f.Now(tt.refuses)
				}
				ask(s, "a")
				time.Sleep(30 * time.Second)
				ask(s, "a") // the second 403 pauses for a minute
				sent := f.Sent()
				s.Ask(t.Context(), "a", noCache)
				wantSent(t, f, sent)
				time.Sleep(31 * time.Second)
				s.Ask(t.Context(), "a", noCache)
				if tt.again {
					sent++
				}
				wantSent(t, f, sent)
			})
		}
	}
}

func TestProviderReason(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"is shown":                        {`{"error": true, "reason": "Invalid timezone"}`, ": Invalid timezone"},
		"is found as message":             {`{"cod": "400", "message": "wrong latitude"}`, ": wrong latitude"},
		"is found in a problem document":  {`{"title": "Bad", "detail": "lat is missing"}`, ": lat is missing"},
		"is found as error":               {`{"error": "no such thing"}`, ": no such thing"},
		"is left out if it is not text":   {`{"reason": {"a": 1}, "message": 7}`, ""},
		"is left out if it is not JSON":   {"<html>400</html>", ""},
		"has no control characters":       {`{"reason": "a\u0000b\r\nc\u202e d"}`, ": a b c d"},
		"has no e-mail address":           {`{"reason": "ann@example.test is taken"}`, ": [removed] is taken"},
		"has no credentials":              {`{"reason": "key s3cr3t-key&+ of /x?k=s3cr3t-key%26%2B is wrong"}`, ": key [removed] of /x?k=[removed] is wrong"},
		"is cut":                          {`{"reason": "` + strings.Repeat("ä", 500) + `"}`, ": " + strings.Repeat("ä", 160) + "…"},
		"is valid UTF-8":                  {"{\"reason\": \"a\xffb\"}", ": a\ufffdb"},
		"is the first of several members": {`{"message": "second", "reason": "first"}`, ": first"},
	} {
		it(t, name, func(t *testing.T) {
			up := open(t, newFake(answers(400, tt.body)), func(c *config) {
				c.Credentials = func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cr3t-key&+") }
			})
			got := ask(things(up), "a")
			want(t, got, upstream.Failed, upstream.CodeBadRequest)
			if want := "answered 400 Bad Request" + tt.want; got.Err.Detail != want {
				t.Errorf("detail = %q, want %q", got.Err.Detail, want)
			}
		})
	}
}

// A provider may refuse an optional detail of a request.
func TestRequestWithoutDetail(t *testing.T) {
	serve := func(t *testing.T, b behaviour, changes ...func(*config)) (*fake, *upstream.Upstream, source) {
		f := newFake(b)
		up := open(t, f, append(changes, noRetries)...)
		var plain bool
		s := things(up, func(sp *spec) {
			request := sp.Request
			sp.Request = func(ctx context.Context, name string) (*http.Request, error) {
				r, err := request(ctx, name)
				if err == nil && !plain {
					r.URL.RawQuery = "detail=1"
				}
				return r, err
			}
			sp.Again = func(_ string, r upstream.Response) bool {
				again := r.Status == 400 && !plain
				plain = true
				return again
			}
		})
		return f, up, s
	}
	it(t, "is sent once more without it", func(t *testing.T) {
		f, up, s := serve(t, inTurn(answers(400, ""), well))
		got := ask(s, "a")
		want(t, got, upstream.Live, "")
		wantSent(t, f, 2)
		if got.Attempts != 2 || f.Request(1).URL.RawQuery != "" || up.Status().Retries != 0 {
			t.Errorf("attempts = %d, second query = %q; want 2 and none", got.Attempts, f.Request(1).URL.RawQuery)
		}
	})
	it(t, "is not sent a third time", func(t *testing.T) {
		f, _, s := serve(t, answers(400, ""))
		want(t, ask(s, "a"), upstream.Failed, upstream.CodeBadRequest)
		wantSent(t, f, 2)
	})
	it(t, "is not sent when the quota is exhausted", func(t *testing.T) {
		f, _, s := serve(t, answers(400, ""), func(c *config) { c.Policies.Quotas = []upstream.Quota{{Calls: 1, Window: time.Hour}} })
		want(t, ask(s, "a"), upstream.Failed, upstream.CodeBadRequest)
		wantSent(t, f, 1)
	})
}

func TestInvalidAnswersOfOneKey(t *testing.T) {
	odd := answers(200, `{"text": 1}`)
	it(t, "count once in the breaker's window", func(t *testing.T) {
		f := newFake(odd)
		up, s := serve(t, f)
		for range 200 {
			want(t, ask(s, "a"), upstream.Failed, upstream.CodeInvalidResponse)
		}
		wantBreaker(t, up, "closed")
		wantSent(t, f, 200)
	})
	it(t, "count each when the keys differ", func(t *testing.T) {
		up, s := serve(t, newFake(odd))
		askMany(s, 20)
		wantBreaker(t, up, "open")
	})
	it(t, "count with every attempt of the first fetch", func(t *testing.T) {
		up, s := serve(t, newFake(answers(200, "garbage")), func(c *config) { c.Policies.Breaker.MinCalls = 3 })
		ask(s, "a")
		wantBreaker(t, up, "open")
	})
	it(t, "do not close a half-open breaker", func(t *testing.T) {
		f := newFake(odd)
		up, s := serve(t, f, func(c *config) { c.Policies.Breaker.MinCalls = 1 })
		ask(s, "a")
		time.Sleep(5 * time.Second)
		ask(s, "a")
		wantBreaker(t, up, "open")
		wantSent(t, f, 2)
	})
	it(t, "count again in the next window", func(t *testing.T) {
		up, s := serve(t, newFake(odd), func(c *config) { c.Policies.Breaker.MinCalls = 2 })
		ask(s, "a")
		time.Sleep(11 * time.Second)
		ask(s, "a")
		ask(s, "b")
		wantBreaker(t, up, "open")
	})
}

// A 101 response hands the connection over, and its body never ends.
func TestSwitchingProtocols(t *testing.T) {
	it(t, "is a failure, and releases its permit", func(t *testing.T) {
		f := newFake(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 101, Header: http.Header{}, Body: silent{}, Request: r}, nil
		})
		_, s := serve(t, f, noRetries, func(c *config) { c.Policies.MaxConcurrent = 1 })
		for range 3 {
			wantTook(t, took(func() { want(t, ask(s, "a"), upstream.Failed, upstream.CodeInvalidResponse) }), 0)
		}
		wantSent(t, f, 3)
	})
}

// silent is a body that never returns from Read.
type silent struct{}

func (silent) Read([]byte) (int, error) { select {} }
func (silent) Close() error             { return nil }

func TestWriteDeadline(t *testing.T) {
	it(t, "early enough to answer", func(t *testing.T) {
		up := open(t, newFake(hangs), func(c *config) { c.Policies.Retries = 2 })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var got upstream.Answer[string]
		wantTook(t, took(func() { got = upstream.Send(ctx, up, post(true)) }), 950*time.Millisecond)
		if got.Err == nil || got.Err.Code != upstream.CodeTimeout {
			t.Errorf("Send = %v, want a time-out", got.Err)
		}
	})
	it(t, "and continues when its caller disconnects", func(t *testing.T) {
		f := newFake(after(time.Second, answers(200, "made")))
		up := open(t, f)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Millisecond, func() { cancel(errors.New("left")) })
		if got := upstream.Send(ctx, up, post(true)); got.Err != nil {
			t.Errorf("Send = %v, want an answer", got.Err)
		}
	})
	it(t, "and is not sent without time left", func(t *testing.T) {
		f := newFake(hangs)
		up := open(t, f)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		got := upstream.Send(ctx, up, post(true))
		if got.Err == nil || got.Err.Code != upstream.CodeTimeout || got.Err.Uncertain {
			t.Errorf("Send = %v, want a time-out of what was not sent", got.Err)
		}
		wantSent(t, f, 0)
	})
}
