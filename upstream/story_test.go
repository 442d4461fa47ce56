package upstream_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/telemetry/story"
	"tributary/upstream"
)

// told is an upstream whose requests have stories.
type told struct {
	t       *testing.T
	stories *story.Recorder
	up      *upstream.Upstream
	s       source
}

func tells(t *testing.T, f *fake, changes ...func(*config)) *told {
	r := story.NewRecorder()
	up, s := serve(t, f, append(changes, func(c *config) { c.Stories = r })...)
	return &told{t, r, up, s}
}

// ask asks about one thing, and returns the steps of the story as "what: text".
func (k *told) ask(name string) []string {
	k.t.Helper()
	ctx, s := k.stories.Begin(k.t.Context(), trace.TraceID{1}, "GET")
	k.s.Ask(ctx, name, upstream.Directives{})
	return stepsOf(s)
}

func stepsOf(s *story.Story) (steps []string) {
	for _, step := range s.View().Steps {
		steps = append(steps, string(step.What)+": "+step.Text)
	}
	return steps
}

func wantSteps(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("steps:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantEvents wants the events since the start.
func (k *told) wantEvents(want ...string) {
	k.t.Helper()
	list, _ := k.stories.Events(0)
	var got []string
	for _, e := range list {
		got = append(got, string(e.Kind)+" "+e.Text)
	}
	wantSteps(k.t, got, want...)
}

func noJitter(c *config) { c.Policies.RetryDelay, c.Policies.RetryMaxDelay = 1, 1 }

func TestStorySteps(t *testing.T) {
	const asks = "request: asked things, GET /things/{name}"
	const again = "request: asked things again, GET /things/{name}"
	it(t, "have a retry and its reason", func(t *testing.T) {
		k := tells(t, newFake(inTurn(after(usual, answers(503, `{"message":"no a here"}`)), hangs, after(usual, well))), noJitter)
		wantSteps(t, k.ask("a"), asks,
			"answered: answered 503 after 20 ms", "retry: asks again after 0 ms, because of an error of its server", again,
			"failed: failed after 2 s: no answer within 2s", "retry: asks again after 0 ms, because of a time-out", again,
			"answered: answered 200 after 20 ms")
		if got := k.stories.Upstream("things").In(time.Minute); got.Calls != 3 || got.Failures != 2 || got.Retries != 2 {
			t.Errorf("calls = %+v, want 3 with 2 failures and 2 retries", got)
		}
	})
	it(t, "have a hedge that wins", func(t *testing.T) {
		f := newFake(after(usual, well))
		k := tells(t, f, hedged)
		askMany(k.s, 20)
		f.Now(inTurn(hangs, after(usual, well)))
		wantSteps(t, k.ask("a"), asks,
			"hedge: asked things a second time, because the first request takes long, GET /things/{name}",
			"answered: answered 200 after 20 ms", "hedge_won: the second request answered first")
	})
	it(t, "have an open breaker, and its probe", func(t *testing.T) {
		f := newFake(answers(500, ""))
		k := tells(t, f, noRetries, func(c *config) { c.Policies.Breaker.MinCalls = 2 })
		askMany(k.s, 1)
		wantSteps(t, k.ask("a"), asks, "answered: answered 500 after 0 ms", "breaker: the circuit breaker is open now")
		wantSteps(t, k.ask("b"), "not_asked: not asked: circuit open after too many failures, for 5 s more")
		time.Sleep(5 * time.Second)
		f.Now(well)
		wantSteps(t, k.ask("c"), "breaker: the circuit breaker is half-open now", asks, "answered: answered 200 after 0 ms",
			"breaker: the circuit breaker is closed now")
		k.wantEvents("breaker_opened things: the circuit breaker opened after 2 failures of 2 calls (server_error)",
			"breaker_half_open things: the circuit breaker lets one call through as a test",
			"breaker_closed things: the circuit breaker closed")
	})
	it(t, "have few events in a long outage", func(t *testing.T) {
		f := newFake(answers(500, ""))
		k := tells(t, f, noRetries, func(c *config) { c.Policies.Breaker.MinCalls = 2 })
		askMany(k.s, 2)
		for range 100 {
			time.Sleep(5 * time.Second)
			wantSteps(t, k.ask("a"), "breaker: the circuit breaker is half-open now", asks, "answered: answered 500 after 0 ms", "breaker: the circuit breaker is open now")
		}
		f.Now(well)
		time.Sleep(5 * time.Second)
		k.ask("a")
		const opened = "breaker_opened things: the circuit breaker opened after 2 failures of 2 calls (server_error)"
		const tested = "breaker_half_open things: the circuit breaker lets one call through as a test"
		const again = "breaker_opened things: the circuit breaker opened again, because the test call failed (server_error); further test calls are events only if they succeed"
		k.wantEvents(opened, tested, again, "breaker_closed things: the circuit breaker closed; test calls that failed before: 100")
		f.Now(answers(500, ""))
		askMany(k.s, 2)
		time.Sleep(5 * time.Second)
		k.ask("b")
		k.wantEvents(opened, tested, again, "breaker_closed things: the circuit breaker closed; test calls that failed before: 100", opened, tested, again)
	})
	it(t, "say why an answer is old", func(t *testing.T) {
		f := newFake(well)
		k := tells(t, f, noRetries)
		ask(k.s, "a")
		time.Sleep(time.Hour)
		f.Now(answers(500, ""))
		wantSteps(t, k.ask("a"), asks, "answered: answered 500 after 0 ms",
			"stale: serves the stored answer, 60 min old, because of an error of its server")
	})
	it(t, "say that a caller stopped waiting", func(t *testing.T) {
		k := tells(t, newFake(hangs), noRetries)
		ctx, s := k.stories.Begin(t.Context(), trace.TraceID{1}, "GET")
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		k.s.Ask(ctx, "a", upstream.Directives{})
		wantSteps(t, stepsOf(s), asks, "gave_up: stopped waiting after 1 s")
		time.Sleep(2 * time.Second)
		wantSteps(t, stepsOf(s), asks, "gave_up: stopped waiting after 1 s", "failed: failed after 2 s: no answer within 2s")
	})
	it(t, "name the trace whose fetch is waited for", func(t *testing.T) {
		k := tells(t, newFake(after(usual, well)))
		first := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{0xab}, SpanID: trace.SpanID{1}}))
		go k.s.Ask(first, "a", upstream.Directives{})
		synctest.Wait()
		wantSteps(t, k.ask("a"), "joined: waits for a fetch that another request began, trace ab000000000000000000000000000000")
	})
	it(t, "have a confirmation", func(t *testing.T) {
		f := newFake(answers(200, "fine", "ETag", `"1"`))
		k := tells(t, f)
		ask(k.s, "a")
		time.Sleep(time.Hour)
		f.Now(answers(304, "", "ETag", `"1"`))
		wantSteps(t, k.ask("a"), asks, "answered: answered 304 after 0 ms: what is stored is still valid")
	})
	it(t, "have a refresh and its request", func(t *testing.T) {
		k := tells(t, newFake(well))
		ask(k.s, "a")
		time.Sleep(15 * time.Minute)
		ctx, s := k.stories.Begin(t.Context(), trace.TraceID{1}, "GET")
		k.s.Ask(ctx, "a", upstream.Directives{})
		synctest.Wait()
		wantSteps(t, stepsOf(s), "refresh: is refreshed in the background", asks, "answered: answered 200 after 0 ms")
	})
	it(t, "have a quota that is used up, which is one event", func(t *testing.T) {
		k := tells(t, newFake(well), func(c *config) { c.Policies.Quotas = []upstream.Quota{{Calls: 1, Window: time.Minute}} })
		askMany(k.s, 1)
		wantSteps(t, k.ask("a"), "not_asked: not asked: our quota for this upstream is used up, for 60 s more")
		k.ask("b")
		k.wantEvents("quota_exhausted things: our quota is used up; it is renewed in 60 s")
		if q := k.up.Status().Quota; q == nil || *q != (upstream.QuotaStatus{Limit: 1, RenewsIn: time.Minute}) {
			t.Errorf("quota = %+v, want none left of 1, for a minute", q)
		}
	})
}

func TestRefusalsAreCounted(t *testing.T) {
	for status, want := range map[int]int64{401: 1, 403: 1, 451: 1, 429: 1, 404: 0, 400: 0, 500: 0} {
		it(t, http.StatusText(status), func(t *testing.T) {
			k := tells(t, newFake(answers(status, `{"message":"the key of a is bad"}`)), noRetries)
			ask(k.s, "a")
			st := k.up.Status()
			if st.Refusals != want || st.Refusals > 0 && st.Failures > 0 {
				t.Errorf("a %d: refusals = %d, failures = %d, want %d refusals", status, st.Refusals, st.Failures, want)
			}
			list, _ := k.stories.Events(0)
			for _, e := range list {
				if e.Kind != story.RefusedUs || strings.Contains(e.Text, "key of a") {
					t.Errorf("event = %s %q, want a refusal without the provider's words", e.Kind, e.Text)
				}
			}
			if held := len(list) > 0; held != (status == 401 || status == 429) {
				t.Errorf("a %d: events = %+v", status, list)
			}
		})
	}
}

func TestStatusHasWhatHoldsCallsBack(t *testing.T) {
	it(t, "and for how long", func(t *testing.T) {
		k := tells(t, newFake(answers(429, "", "Retry-After", "30")), noRetries)
		ask(k.s, "a")
		time.Sleep(10 * time.Second)
		if st := k.up.Status(); st.HeldBack != 20*time.Second || st.HeldCode != upstream.CodeRateLimited {
			t.Errorf("held back for %v after %q, want 20 s after rate_limited", st.HeldBack, st.HeldCode)
		}
		k.wantEvents("refused things: answered 429 Too Many Requests; it is not asked for 30 s")
	})
}
