package upstream_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
)

func TestFetch(t *testing.T) {
	it(t, "is one for a key, however many callers wait", func(t *testing.T) {
		f := newFake(after(time.Second, well))
		up, s := serve(t, f)
		var shared atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				got := ask(s, "a")
				want(t, got, upstream.Live, "")
				if got.Attempts != 1 {
					t.Errorf("attempts = %d, want 1", got.Attempts)
				}
				if got.Collapsed {
					shared.Add(1)
				}
			})
		}
		wg.Wait()
		wantSent(t, f, 1)
		if shared.Load() != 49 || up.Status().Cache.Collapsed != 49 {
			t.Errorf("shared = %d, collapsed = %d, want 49", shared.Load(), up.Status().Cache.Collapsed)
		}
	})
	t.Run("is one for a key even if a question arrives as it ends", func(t *testing.T) {
		const keys, callers = 2000, 16
		f := newFake(well)
		_, s := serve(t, f)
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for n := range keys {
					if got := ask(s, fmt.Sprint(n)); got.Err != nil {
						t.Errorf("answer = %s (%v)", got.State, got.Err)
					}
				}
			})
		}
		wg.Wait()
		wantSent(t, f, keys)
	})
	it(t, "continues without the caller that started it", func(t *testing.T) {
		f := newFake(after(time.Second, well))
		up, s := serve(t, f, func(c *config) { c.Policies.Breaker.MinCalls = 1 })
		ctx, cancel := context.WithCancel(context.Background())
		var follower answer
		var wg sync.WaitGroup
		wg.Go(func() {
			want(t, s.Ask(ctx, "a", upstream.Directives{}), upstream.Failed, upstream.CodeCanceled)
		})
		synctest.Wait()
		wg.Go(func() { follower = ask(s, "a") })
		synctest.Wait()
		cancel()
		wg.Wait()
		want(t, follower, upstream.Live, "")
		wantBreaker(t, up, "closed")
		want(t, ask(s, "a"), upstream.Cached, "")
		wantSent(t, f, 1)
		if st := up.Status(); st.Failures != 0 || st.LastError != nil {
			t.Errorf("status = %+v, want no failure", st)
		}
	})
	it(t, "is one for each of ten keys while 100 callers leave and 500 arrive", func(t *testing.T) {
		f := newFake(after(time.Second, well))
		up, s := serve(t, f, func(c *config) { c.Policies.Breaker.MinCalls = 1 })
		var wg sync.WaitGroup
		for n := range 600 {
			key := fmt.Sprint(n % 10)
			wg.Go(func() {
				if n < 100 {
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(n+1)*5*time.Millisecond)
					defer cancel()
					want(t, s.Ask(ctx, key, upstream.Directives{}), upstream.Failed, upstream.CodeTimeout)
					return
				}
				if got := ask(s, key); got.Err != nil {
					t.Errorf("answer = %s (%v)", got.State, got.Err)
				}
			})
			time.Sleep(2 * time.Millisecond)
		}
		wg.Wait()
		wantSent(t, f, 10)
		wantBreaker(t, up, "closed")
	})
	it(t, "has its whole time-out for later callers though the first had little time", func(t *testing.T) {
		f := newFake(after(1500*time.Millisecond, well))
		_, s := serve(t, f)
		var wg sync.WaitGroup
		wg.Go(func() { hurried(s, 10*time.Millisecond) })
		synctest.Wait()
		want(t, ask(s, "a"), upstream.Live, "")
		wg.Wait()
		wantSent(t, f, 1)
	})
	it(t, "returns its failure to all waiting callers", func(t *testing.T) {
		f := newFake(after(time.Second, answers(500, "")))
		_, s := serve(t, f, noRetries)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { want(t, ask(s, "a"), upstream.Failed, upstream.CodeServerError) })
		}
		wg.Wait()
		wantSent(t, f, 1)
	})
	it(t, "is joined by a question that arrives during a refresh", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f)
		ask(s, "a")
		time.Sleep(12 * time.Minute)
		f.Now(after(time.Second, answers(200, "new")))
		want(t, ask(s, "a"), upstream.Revalidating, "")
		synctest.Wait()
		got := s.Ask(context.Background(), "a", upstream.Directives{MaxAge: time.Second})
		want(t, got, upstream.Live, "")
		if got.Value != "new" || !got.Collapsed {
			t.Errorf("answer = %q, shared %v, want new and shared", got.Value, got.Collapsed)
		}
		wantSent(t, f, 2)
	})
	it(t, "is separate for another source of the upstream", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f)
		other := things(up)
		ask(s, "a")
		want(t, ask(other, "a"), upstream.Live, "")
		wantSent(t, f, 2)
	})
}

func TestClose(t *testing.T) {
	it(t, "cancels running fetches and waits for them", func(t *testing.T) {
		f := newFake(hangs)
		up, s := serve(t, f)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { want(t, ask(s, fresh()), upstream.Failed, upstream.CodeCanceled) })
		}
		synctest.Wait()
		wantTook(t, took(up.Close), 0)
		if st := up.Status(); st.InFlight != 0 || st.Failures != 0 {
			t.Errorf("status = %+v, want nothing in flight and no failure", st)
		}
		wg.Wait()
	})
	it(t, "ends a refresh in the background", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f)
		ask(s, "a")
		time.Sleep(12 * time.Minute)
		f.Now(hangs)
		ask(s, "a")
		synctest.Wait()
		wantTook(t, took(up.Close), 0)
	})
	it(t, "ends a wait for a retry", func(t *testing.T) {
		f := newFake(answers(503, "", "Retry-After", "3"))
		up, s := serve(t, f)
		go ask(s, "a")
		synctest.Wait()
		wantTook(t, took(up.Close), 0)
	})
	it(t, "still answers from the cache", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f)
		ask(s, "a")
		up.Close()
		want(t, ask(s, "a"), upstream.Cached, "")
		got := ask(s, "b")
		want(t, got, upstream.Failed, upstream.CodeCanceled)
		if got.Attempts != 0 {
			t.Errorf("attempts = %d, want 0", got.Attempts)
		}
		time.Sleep(12 * time.Minute)
		want(t, ask(s, "a"), upstream.Revalidating, "")
		time.Sleep(time.Hour)
		got = ask(s, "a")
		want(t, got, upstream.Stale, upstream.CodeCanceled)
		if got.Value != "fine" {
			t.Errorf("value = %q, want the old one", got.Value)
		}
		wantSent(t, f, 1)
	})
	it(t, "returns the stale value to waiting callers", func(t *testing.T) {
		f := newFake(well)
		up, s := aged(t, f)
		f.Now(hangs)
		var got answer
		var wg sync.WaitGroup
		wg.Go(func() { got = ask(s, "a") })
		synctest.Wait()
		up.Close()
		wg.Wait()
		want(t, got, upstream.Stale, upstream.CodeCanceled)
	})
	it(t, "may be repeated", func(t *testing.T) {
		up, _ := serve(t, newFake(well))
		up.Close()
		up.Close()
	})
}
