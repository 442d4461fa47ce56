package upstream_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cache"
	"tributary/upstream"
)

// aged is a source that holds a value of "a" older than the stale-while-revalidate
// window.
func aged(t *testing.T, f *fake, changes ...func(*config)) (*upstream.Upstream, source) {
	t.Helper()
	up, s := serve(t, f, append([]func(*config){noRetries}, changes...)...)
	f.Now(well)
	ask(s, "a")
	time.Sleep(time.Hour)
	return up, s
}

// hurried asks with a short deadline.
func hurried(s source, d time.Duration) answer {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return s.Ask(ctx, "a", upstream.Directives{})
}

func TestCooldown(t *testing.T) {
	it(t, "follows a failed refresh of a stale value, and ends", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f)
		f.Now(answers(500, ""))
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeServerError)
		wantSent(t, f, 2)
		for range 50 {
			var got answer
			wantTook(t, took(func() { got = ask(s, "a") }), 0)
			want(t, got, upstream.Stale, upstream.CodeServerError)
			if got.Value != "fine" || got.Attempts != 0 {
				t.Errorf("answer = %q of %d attempts, want fine of none", got.Value, got.Attempts)
			}
			time.Sleep(99 * time.Millisecond)
		}
		wantSent(t, f, 2)
		time.Sleep(50 * time.Millisecond)
		ask(s, "a")
		wantSent(t, f, 3)
	})
	it(t, "follows a failed refresh in the background too", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f)
		ask(s, "a")
		f.Now(answers(500, ""))
		time.Sleep(12 * time.Minute)
		want(t, ask(s, "a"), upstream.Revalidating, "")
		synctest.Wait()
		for range 299 {
			want(t, ask(s, "a"), upstream.Stale, upstream.CodeServerError)
			time.Sleep(10 * time.Millisecond)
		}
		wantSent(t, f, 2)
	})
	it(t, "lasts as long as the upstream's Retry-After", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f)
		f.Now(answers(429, "", "Retry-After", "60"))
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeRateLimited)
		f.Now(answers(200, "new"))
		time.Sleep(time.Minute - 1)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeRateLimited)
		time.Sleep(time.Nanosecond)
		want(t, ask(s, "a"), upstream.Live, "")
	})
	it(t, "lasts for five minutes at most", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f)
		f.Now(answers(429, "", "Retry-After", "86400"))
		ask(s, "a")
		f.Now(answers(200, "new"))
		time.Sleep(5 * time.Minute)
		want(t, ask(s, "a"), upstream.Live, "")
	})
	it(t, "ends early after an open breaker, even for a key refused just before it closed", func(t *testing.T) {
		f := newFake(well)
		up, s := aged(t, f)
		f.Now(answers(500, ""))
		askMany(s, 20)
		wantBreaker(t, up, "open")
		f.Now(answers(200, "new"))
		time.Sleep(5*time.Second - time.Millisecond)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeCircuitOpen)
		time.Sleep(time.Second)
		want(t, ask(s, "a"), upstream.Live, "")
		wantBreaker(t, up, "closed")
	})
	it(t, "lasts until an open breaker allows a probe", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f)
		f.Now(answers(500, ""))
		askMany(s, 20)
		f.Now(answers(200, "new"))
		time.Sleep(time.Second)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeCircuitOpen)
		time.Sleep(4*time.Second - 1)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeCircuitOpen)
		time.Sleep(time.Nanosecond)
		want(t, ask(s, "a"), upstream.Live, "")
	})
	it(t, "is half a second after a full bulkhead", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f, func(c *config) { c.Policies.MaxConcurrent = 1 })
		f.Now(after(time.Second, well))
		go ask(s, "b")
		synctest.Wait()
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeOverloaded)
		time.Sleep(500*time.Millisecond - 1)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeOverloaded)
		time.Sleep(time.Nanosecond)
		want(t, ask(s, "a"), upstream.Live, "")
	})
	it(t, "does not restore an entry that was evicted meanwhile", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f, func(c *config) { c.Store = cache.NewStore(1) })
		f.Now(after(time.Second, answers(500, "")))
		var got answer
		var wg sync.WaitGroup
		wg.Go(func() { got = ask(s, "a") })
		synctest.Wait()
		f.Now(well)
		ask(s, "b")
		wg.Wait()
		want(t, got, upstream.Stale, upstream.CodeServerError)
		want(t, ask(s, "b"), upstream.Cached, "")
	})
	it(t, "does not follow a failure without a stored value", func(t *testing.T) {
		f := newFake(answers(500, ""))
		_, s := serve(t, f, noRetries)
		ask(s, "a")
		f.Now(well)
		want(t, ask(s, "a"), upstream.Live, "")
	})
}

func TestImpatience(t *testing.T) {
	it(t, "cools the key down for other callers while the fetch runs", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f)
		f.Now(hangs)
		wantTook(t, took(func() { want(t, hurried(s, 150*time.Millisecond), upstream.Stale, upstream.CodeTimeout) }), 150*time.Millisecond)
		for range 60 {
			wantTook(t, took(func() { want(t, hurried(s, 150*time.Millisecond), upstream.Stale, upstream.CodeTimeout) }), 0)
			time.Sleep(20 * time.Millisecond)
		}
		wantSent(t, f, 2)
	})
	it(t, "ends with a late success", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f)
		f.Now(after(time.Second, answers(200, "new")))
		want(t, hurried(s, 150*time.Millisecond), upstream.Stale, upstream.CodeTimeout)
		time.Sleep(time.Second)
		if got := ask(s, "a"); got.State != upstream.Cached || got.Value != "new" {
			t.Errorf("answer = %s %q, want cached and new", got.State, got.Value)
		}
		wantSent(t, f, 2)
	})
	it(t, "does not outlast the cooldown of a late failure", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f)
		f.Now(after(time.Second, answers(500, "")))
		want(t, hurried(s, 150*time.Millisecond), upstream.Stale, upstream.CodeTimeout)
		time.Sleep(time.Second)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeServerError)
		wantSent(t, f, 2)
	})
	it(t, "starts no cooldown when the caller disconnects", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f)
		f.Now(after(time.Second, answers(200, "new")))
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(100*time.Millisecond, cancel)
		want(t, s.Ask(ctx, "a", upstream.Directives{}), upstream.Stale, upstream.CodeCanceled)
		got := ask(s, "a")
		want(t, got, upstream.Live, "")
		if got.Value != "new" || !got.Collapsed {
			t.Errorf("answer = %q, collapsed %v, want new of the same fetch", got.Value, got.Collapsed)
		}
		wantSent(t, f, 2)
	})
	it(t, "is a time-out without a stored value", func(t *testing.T) {
		f := newFake(hangs)
		_, s := serve(t, f)
		got := hurried(s, 150*time.Millisecond)
		want(t, got, upstream.Failed, upstream.CodeTimeout)
		if got.Latency != 150*time.Millisecond || got.Attempts != 1 {
			t.Errorf("latency %v, attempts %d, want 150ms and 1", got.Latency, got.Attempts)
		}
	})
	it(t, "serves nothing that became too old while it waited", func(t *testing.T) {
		f := newFake(well)
		_, s := aged(t, f)
		f.Now(hangs)
		time.Sleep(23*time.Hour - 100*time.Millisecond)
		want(t, hurried(s, 150*time.Millisecond), upstream.Failed, upstream.CodeTimeout)
	})
}
