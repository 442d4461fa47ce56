package upstream_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
)

func wantSizes(t *testing.T, f *fake, want ...int) {
	t.Helper()
	got := sizes(f)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("requests were for %v names, want %v", got, want)
	}
}

func TestBatch(t *testing.T) {
	all := numbered(0, 200)
	it(t, "asks 200 names in 4 requests at once, and then none", func(t *testing.T) {
		f := newFake(after(time.Second, shelf(nil)))
		_, b := serveMany(t, f)
		var got []answer
		wantTook(t, took(func() { got = askAll(b, all) }), time.Second)
		wantAll(t, got, upstream.Live, "")
		wantTexts(t, all, got)
		for _, a := range got {
			if a.Attempts != 1 || a.Latency != time.Second || !a.Stored || a.Collapsed || a.Forward != upstream.FwdMiss || a.FwdStatus != 200 {
				t.Fatalf("provenance = %+v, want stored after 1 attempt of 1 s", a.Provenance)
			}
		}
		wantSizes(t, f, 50, 50, 50, 50)
		got = askAll(b, all)
		wantAll(t, got, upstream.Cached, "")
		wantTexts(t, all, got)
		wantSent(t, f, 4)
	})
	it(t, "asks only for what is not fresh", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f)
		askAll(b, numbered(0, 150))
		f.Now(after(time.Second, shelf(nil)))
		got := askAll(b, numbered(0, 210))
		wantAll(t, got[:150], upstream.Cached, "")
		wantAll(t, got[150:], upstream.Live, "")
		wantTexts(t, numbered(0, 210), got)
		wantSizes(t, f, 50, 50, 50, 50, 10)
	})
	it(t, "refreshes 200 names in 4 requests that nobody waits for", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f)
		askAll(b, all)
		time.Sleep(12 * time.Minute)
		f.Now(after(time.Second, shelf(nil)))
		var got []answer
		wantTook(t, took(func() { got = askAll(b, all) }), 0)
		wantAll(t, got, upstream.Revalidating, "")
		wantTook(t, took(func() { got = askAll(b, all) }), 0)
		wantAll(t, got, upstream.Revalidating, "")
		time.Sleep(2 * time.Second)
		wantAll(t, askAll(b, all), upstream.Cached, "")
		wantSizes(t, f, 50, 50, 50, 50, 50, 50, 50, 50)
	})
	it(t, "asks a name that stands there twice once", func(t *testing.T) {
		f := newFake(after(time.Second, shelf(nil)))
		up, b := serveMany(t, f)
		qs := []string{"a", "b", "a", "a"}
		got := askAll(b, qs)
		wantAll(t, got, upstream.Live, "")
		wantTexts(t, qs, got)
		wantSizes(t, f, 2)
		if st := up.Status().Cache; st.Misses != 2 || st.Collapsed != 0 || got[2].Collapsed {
			t.Errorf("misses = %d, coalesced = %d; want 2 and none", st.Misses, st.Collapsed)
		}
	})
	it(t, "does nothing without questions", func(t *testing.T) {
		f := newFake(hangs)
		_, b := serveMany(t, f)
		if got := askAll(b, nil); len(got) != 0 {
			t.Errorf("answers = %v, want none", got)
		}
		wantSent(t, f, 0)
	})
	it(t, "asks nobody where the caller wants stored answers only", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f)
		askAll(b, []string{"a"})
		got := b.Ask(t.Context(), []string{"a", "b"}, upstream.Directives{OnlyIfCached: true})
		want(t, got[0], upstream.Cached, "")
		want(t, got[1], upstream.Failed, upstream.CodeNotCached)
		wantSent(t, f, 1)
	})
	it(t, "asks again for what is older than the caller wants", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f)
		askAll(b, []string{"a"})
		time.Sleep(time.Minute)
		askAll(b, []string{"b"})
		got := b.Ask(t.Context(), []string{"a", "b"}, upstream.Directives{MaxAge: 30 * time.Second})
		want(t, got[0], upstream.Live, "")
		want(t, got[1], upstream.Cached, "")
		wantSizes(t, f, 1, 1, 1)
		if got[0].Forward != upstream.FwdRequest {
			t.Errorf("forward = %v, want the request's directive", got[0].Forward)
		}
	})
	it(t, "asks no more query text at once than its bound", func(t *testing.T) {
		f := newFake(shelf(nil))
		b := many(open(t, f), func(s *batchSpec) { s.MostBytes = 10 })
		long := strings.Repeat("x", 20)
		wantTexts(t, []string{"abc", "def", "g", long, "h"}, askAll(b, []string{"abc", "def", "g", long, "h"}))
		wantSizes(t, f, 3, 1, 1)
	})
	it(t, "asks at most 4 kB of query text at once unless told otherwise", func(t *testing.T) {
		f := newFake(shelf(nil))
		b := many(open(t, f), func(s *batchSpec) { s.Most, s.Len = 1000, func(string) int { return 1 << 10 } })
		askAll(b, numbered(0, 10))
		wantSizes(t, f, 4, 4, 2)
	})
	it(t, "keeps the lifetime that the answer names for each", func(t *testing.T) {
		f := newFake(shelf(nil, "Cache-Control", "max-age=60, must-revalidate"))
		_, b := serveMany(t, f)
		askAll(b, []string{"a", "b"})
		time.Sleep(30 * time.Second)
		askAll(b, []string{"c"})
		time.Sleep(40 * time.Second)
		f.Now(fails(errReset))
		got := askAll(b, []string{"a", "c"})
		want(t, got[0], upstream.Failed, upstream.CodeConnection)
		want(t, got[1], upstream.Cached, "")
	})
	it(t, "stores nothing that must not be stored", func(t *testing.T) {
		f := newFake(shelf(nil, "Cache-Control", "no-store"))
		_, b := serveMany(t, f)
		for range 2 {
			got := askAll(b, []string{"a", "b"})
			wantAll(t, got, upstream.Live, "")
			if got[0].Stored {
				t.Error("an answer with no-store is said to be stored")
			}
		}
		wantSizes(t, f, 2, 2)
	})
}

func TestBatchOfManyCallers(t *testing.T) {
	it(t, "asks for no name twice at once", func(t *testing.T) {
		f := newFake(after(time.Second, shelf(nil)))
		_, b := serveMany(t, f)
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				qs := numbered(n*5, n*5+30)
				got := askAll(b, qs)
				wantAll(t, got, upstream.Live, "")
				wantTexts(t, qs, got)
			})
		}
		wg.Wait()
		if twice := twice(f); len(twice) > 0 || f.Sent() > 20 {
			t.Errorf("asked for %v twice, in %d requests", twice, f.Sent())
		}
	})
	it(t, "waits for what another has asked, and says so", func(t *testing.T) {
		f := newFake(after(time.Second, shelf(nil)))
		up, b := serveMany(t, f)
		go askAll(b, []string{"a", "b"})
		synctest.Wait()
		got := askAll(b, []string{"b", "c"})
		if !got[0].Collapsed || got[1].Collapsed || up.Status().Cache.Collapsed != 1 {
			t.Errorf("collapsed = %t and %t, coalesced = %d; want b alone", got[0].Collapsed, got[1].Collapsed, up.Status().Cache.Collapsed)
		}
		wantSizes(t, f, 2, 1)
	})
	it(t, "goes on without the caller that began it", func(t *testing.T) {
		f := newFake(after(time.Second, shelf(nil)))
		_, b := serveMany(t, f)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		var got, followed []answer
		together(
			func() { got = b.Ask(ctx, []string{"a", "b"}, upstream.Directives{}) },
			func() { synctest.Wait(); followed = askAll(b, []string{"b"}) },
		)
		wantAll(t, got, upstream.Failed, upstream.CodeTimeout)
		wantAll(t, followed, upstream.Live, "")
		wantAll(t, askAll(b, []string{"a", "b"}), upstream.Cached, "")
		wantSizes(t, f, 2)
	})
	t.Run("is right when callers arrive as others are answered", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f)
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				for at := range 300 {
					qs := numbered(at+n, at+n+9)
					wantTexts(t, qs, askAll(b, qs))
				}
			})
		}
		wg.Wait()
		if twice := twice(f); len(twice) > 0 {
			t.Errorf("asked twice for %v", twice)
		}
	})
}

func TestBatchQuota(t *testing.T) {
	perMinute := func(calls int) func(*config) {
		return func(c *config) { c.Policies.Quotas = []upstream.Quota{{Calls: calls, Window: time.Minute}} }
	}
	it(t, "counts a call once, whatever it carries", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f, perMinute(3))
		got := askAll(b, numbered(0, 150))
		wantAll(t, got, upstream.Live, "")
		wantAll(t, askAll(b, []string{"one more"}), upstream.Failed, upstream.CodeRateLimited)
	})
	it(t, "may count a call by what it carries", func(t *testing.T) {
		f := newFake(shelf(nil))
		b := many(open(t, f, perMinute(100)), func(s *batchSpec) { s.WeightOf = func(n int) float64 { return float64(n) } })
		wantAll(t, askAll(b, numbered(0, 50)), upstream.Live, "")
		wantAll(t, askAll(b, numbered(50, 90)), upstream.Live, "")
		wantAll(t, askAll(b, numbered(90, 105)), upstream.Failed, upstream.CodeRateLimited)
		wantAll(t, askAll(b, numbered(90, 100)), upstream.Live, "")
		wantSizes(t, f, 50, 40, 10)
	})
	it(t, "does not hedge a call that weighs more than one question, nor learn from it when to hedge", func(t *testing.T) {
		f := newFake(shelf(nil))
		b := many(open(t, f, hedged), func(s *batchSpec) {
			s.Weight, s.WeightOf = 10, func(n int) float64 { return float64(10 * n) }
		})
		for n := range 30 {
			askAll(b, []string{fmt.Sprint("a", n)})
		}
		f.Now(after(time.Second, shelf(nil)))
		for n := range 40 {
			wantAll(t, askAll(b, numbered(2*n, 2*n+2)), upstream.Live, "")
		}
		wantSent(t, f, 70)
		wantAll(t, askAll(b, []string{"one more"}), upstream.Live, "")
		wantSent(t, f, 72) // the hedge of a single question is the last
	})
}

func TestBatchOfACaller(t *testing.T) {
	it(t, "is asked with the caller's credentials and ends with them", func(t *testing.T) {
		f := newFake(shelf(nil))
		expires := time.Now().Add(time.Minute)
		b := many(open(t, f, ours, noRetries), func(s *batchSpec) {
			s.Caller = func(string) upstream.Caller {
				return upstream.Caller{Expires: expires, Credentials: func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cr3t-ann") }}
			}
		})
		askAll(b, []string{"a", "b"})
		if got := f.Request(0).Header.Get("Authorization"); got != "Bearer s3cr3t-ann" {
			t.Errorf("Authorization = %q, want the caller's", got)
		}
		time.Sleep(time.Minute)
		f.Now(fails(errReset))
		wantAll(t, askAll(b, []string{"a", "b"}), upstream.Failed, upstream.CodeConnection)
	})
}
