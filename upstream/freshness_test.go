package upstream_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
)

func TestFreshnessWindows(t *testing.T) {
	it(t, "answers from the cache while fresh", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f)
		first := ask(s, "a")
		want(t, first, upstream.Live, "")
		if !first.Stored || first.FwdStatus != 200 || first.Attempts != 1 {
			t.Errorf("first = %+v, want it stored, of one attempt with 200", first.Provenance)
		}
		time.Sleep(5 * time.Minute)
		got := ask(s, "a")
		want(t, got, upstream.Cached, "")
		if got.Value != "fine" || got.Age != 5*time.Minute || got.Attempts != 0 || got.Version != first.Version {
			t.Errorf("answer = %+v, want fine, 5 minutes old, of no attempt", got)
		}
		wantSent(t, f, 1)
		if c := up.Status().Cache; c.Hits != 1 || c.Misses != 1 {
			t.Errorf("cache = %+v, want one hit and one miss", c)
		}
	})
	it(t, "is stale at the end of the freshness lifetime", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f)
		until := ask(s, "a").FreshUntil
		time.Sleep(time.Until(until) - 1)
		want(t, ask(s, "a"), upstream.Cached, "")
		time.Sleep(time.Nanosecond)
		want(t, ask(s, "a"), upstream.Revalidating, "")
	})
	it(t, "serves the value at once while it revalidates, with one background refresh", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f)
		old := ask(s, "a")
		f.Now(after(time.Second, answers(200, "new")))
		time.Sleep(11 * time.Minute)
		for range 50 {
			ctx, cancel := context.WithCancel(context.Background())
			var got answer
			wantTook(t, took(func() { got = s.Ask(ctx, "a", upstream.Directives{}) }), 0)
			want(t, got, upstream.Revalidating, "")
			if got.Value != "fine" || got.Age != 11*time.Minute {
				t.Errorf("answer = %q, %v old, want the old one", got.Value, got.Age)
			}
			cancel() // the refresh continues without the caller that caused it
		}
		time.Sleep(time.Second)
		synctest.Wait()
		wantSent(t, f, 2)
		got := ask(s, "a")
		want(t, got, upstream.Cached, "")
		if got.Value != "new" || got.Version == old.Version {
			t.Errorf("answer = %q, version %d, want new and another than %d", got.Value, got.Version, old.Version)
		}
	})
	it(t, "asks first after that, and serves the stale value only on failure", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f, noRetries)
		ask(s, "a")
		time.Sleep(time.Hour)
		f.Now(after(time.Second, answers(500, "")))
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), time.Second)
		want(t, got, upstream.Stale, upstream.CodeServerError)
		if got.Value != "fine" || got.Age != time.Hour+time.Second || got.Attempts != 1 || got.FwdStatus != 500 {
			t.Errorf("answer = %+v, want the old value, its age, and why", got)
		}
		if c := up.Status().Cache; c.Stale != 1 || c.Misses != 2 {
			t.Errorf("cache = %+v, want one stale and two misses", c)
		}
		f.Now(answers(200, "new"))
		time.Sleep(time.Minute)
		if got := ask(s, "a"); got.State != upstream.Live || got.Value != "new" {
			t.Errorf("answer = %s %q, want live and new", got.State, got.Value)
		}
	})
	it(t, "serves nothing beyond the greatest age", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f, noRetries)
		ask(s, "a")
		f.Now(answers(500, ""))
		time.Sleep(24*time.Hour - 1)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeServerError)
		time.Sleep(time.Minute)
		got := ask(s, "a")
		want(t, got, upstream.Failed, upstream.CodeServerError)
		if got.Value != "" {
			t.Errorf("value = %q, want none", got.Value)
		}
	})
	it(t, "serves nothing that became too old during the fetch", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f, noRetries)
		ask(s, "a")
		f.Now(after(time.Second, answers(500, "")))
		time.Sleep(24*time.Hour - time.Second)
		want(t, ask(s, "a"), upstream.Failed, upstream.CodeServerError)
	})
	it(t, "serves the stale value at once when the breaker is open", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f, noRetries)
		ask(s, "a")
		time.Sleep(time.Hour)
		f.Now(answers(500, ""))
		askMany(s, 20)
		wantBreaker(t, up, "open")
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), 0)
		want(t, got, upstream.Stale, upstream.CodeCircuitOpen)
		if got.Attempts != 0 {
			t.Errorf("attempts = %d, want 0", got.Attempts)
		}
	})
}

func TestProvenance(t *testing.T) {
	wantForward := func(t *testing.T, a answer, want upstream.Forward) {
		t.Helper()
		if a.Forward != want {
			t.Errorf("%s answer: fwd = %q, want %q", a.State, a.Forward, want)
		}
	}
	it(t, "says whether the cache answered, and what it held", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f, noRetries)
		wantForward(t, ask(s, "a"), upstream.FwdMiss)
		wantForward(t, ask(s, "a"), upstream.NotForwarded)
		time.Sleep(12 * time.Minute)
		wantForward(t, ask(s, "a"), upstream.NotForwarded)
		time.Sleep(time.Hour)
		f.Now(answers(500, ""))
		wantForward(t, ask(s, "a"), upstream.FwdStale)
		wantForward(t, ask(s, "a"), upstream.NotForwarded) // during the cooldown
		time.Sleep(time.Minute)
		f.Now(hangs)
		wantForward(t, hurried(s, time.Second), upstream.FwdStale)
	})
}

func TestNotFound(t *testing.T) {
	it(t, "is cached for 30 s, and then asked again", func(t *testing.T) {
		f := newFake(answers(404, ""))
		_, s := serve(t, f)
		first := ask(s, "a")
		want(t, first, upstream.Skipped, upstream.CodeNotFound)
		if d := time.Until(first.FreshUntil); d != 30*time.Second || first.FwdStatus != 404 {
			t.Errorf("fresh for %v with status %d, want 30 s with 404", d, first.FwdStatus)
		}
		f.Now(well)
		time.Sleep(30*time.Second - 1)
		got := ask(s, "a")
		want(t, got, upstream.Skipped, upstream.CodeNotFound)
		if got.Attempts != 0 {
			t.Errorf("attempts = %d, want 0", got.Attempts)
		}
		time.Sleep(time.Nanosecond)
		want(t, ask(s, "a"), upstream.Live, "")
	})
	it(t, "is never replaced by a stale value", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f)
		ask(s, "a")
		time.Sleep(time.Hour)
		f.Now(answers(404, ""))
		got := ask(s, "a")
		want(t, got, upstream.Skipped, upstream.CodeNotFound)
		if got.Value != "" {
			t.Errorf("value = %q, want none", got.Value)
		}
		f.Now(answers(500, ""))
		time.Sleep(time.Minute)
		want(t, ask(s, "a"), upstream.Failed, upstream.CodeServerError)
	})
	it(t, "may come from the provider's decoder for a 200", func(t *testing.T) {
		f := newFake(well)
		up := open(t, f)
		verdict := upstream.Errorf(upstream.CodeNotFound, "no such place")
		s := things(up, func(s *spec) {
			s.Decode = func(upstream.Response) (string, error) { return "", verdict }
		})
		got := ask(s, "a")
		want(t, got, upstream.Skipped, upstream.CodeNotFound)
		want(t, ask(s, "a"), upstream.Skipped, upstream.CodeNotFound)
		wantSent(t, f, 1)
		if verdict.Status != 0 {
			t.Error("the provider's own error was changed")
		}
	})
}

func TestRequestDirectives(t *testing.T) {
	half := upstream.Directives{MaxAge: 30 * time.Second}
	conditional := func(s source) answer { return s.Ask(context.Background(), "a", half) }
	it(t, "fetches an entry older than max-age again", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f)
		ask(s, "a")
		time.Sleep(30 * time.Second)
		want(t, conditional(s), upstream.Cached, "")
		time.Sleep(time.Nanosecond)
		want(t, conditional(s), upstream.Live, "")
		want(t, conditional(s), upstream.Cached, "")
		wantSent(t, f, 2)
	})
	it(t, "does not fetch before the provider's own lifetime has ended", func(t *testing.T) {
		f := newFake(answers(200, "fine", "Cache-Control", "max-age=120"))
		_, s := serve(t, f)
		ask(s, "a")
		time.Sleep(119 * time.Second)
		want(t, conditional(s), upstream.Cached, "")
		time.Sleep(time.Second)
		want(t, conditional(s), upstream.Live, "")
	})
	it(t, "waits for the fetch in the stale-while-revalidate window", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f)
		ask(s, "a")
		f.Now(answers(200, "new"))
		time.Sleep(15 * time.Minute)
		if got := conditional(s); got.State != upstream.Live || got.Value != "new" {
			t.Errorf("answer = %s %q, want live and new", got.State, got.Value)
		}
	})
	it(t, "gets the value as stale with the error when the fetch fails; other callers still get it fresh", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f, noRetries)
		ask(s, "a")
		time.Sleep(time.Minute)
		f.Now(answers(500, ""))
		want(t, conditional(s), upstream.Stale, upstream.CodeServerError)
		want(t, conditional(s), upstream.Stale, upstream.CodeServerError)
		wantSent(t, f, 2)
		want(t, ask(s, "a"), upstream.Cached, "")
	})
}
