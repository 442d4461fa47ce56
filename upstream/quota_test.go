package upstream_test

import (
	"testing"
	"time"

	"tributary/upstream"
)

func TestQuotaWindows(t *testing.T) {
	limit := func(windows ...upstream.Quota) func(*config) {
		return func(c *config) { c.Policies.Quotas, c.Policies.Retries = windows, 0 }
	}
	askN := func(s source, n int) (refused int) {
		for range n {
			if codeOf(ask(s, fresh())) == upstream.CodeRateLimited {
				refused++
			}
		}
		return refused
	}
	// A bubble's clock starts at midnight UTC.
	it(t, "has room in all windows, or none", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f, limit(upstream.Quota{Calls: 10, Window: time.Minute}, upstream.Quota{Calls: 25, Window: time.Hour}, upstream.Quota{Calls: 40, Window: 24 * time.Hour}))
		for n, want := range []int{10, 20, 25, 25} {
			askN(s, 15)
			wantSent(t, f, want)
			if left := *up.Status().QuotaLeft; left != 0 {
				t.Errorf("quota left in minute %d = %d, want 0, the least of the windows", n, left)
			}
			time.Sleep(time.Minute)
		}
		time.Sleep(time.Hour)
		askN(s, 15)
		time.Sleep(time.Minute)
		askN(s, 15)
		wantSent(t, f, 40)
		got := ask(s, fresh())
		want(t, got, upstream.Failed, upstream.CodeRateLimited)
		if left := 24*time.Hour - 65*time.Minute; got.Err.RetryAfter != left {
			t.Errorf("retry after = %v, want %v, until midnight", got.Err.RetryAfter, left)
		}
	})
	for name, window := range map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "UTC day": 24 * time.Hour} {
		it(t, "ends with the full "+name, func(t *testing.T) {
			f := newFake(well)
			_, s := serve(t, f, limit(upstream.Quota{Calls: 1, Window: window}))
			time.Sleep(window - time.Second)
			askN(s, 2)
			wantSent(t, f, 1)
			time.Sleep(time.Second)
			askN(s, 2)
			wantSent(t, f, 2)
		})
	}
	it(t, "counts the weight of a request", func(t *testing.T) {
		f := newFake(well)
		up := open(t, f, limit(upstream.Quota{Calls: 600, Window: time.Minute}))
		s := things(up, func(sp *spec) { sp.Weight = 1.3 })
		askN(s, 10)
		if left := *up.Status().QuotaLeft; left != 587 {
			t.Errorf("quota left = %d, want 587", left)
		}
		askN(s, 500)
		wantSent(t, f, 461) // the quota of 599.3 allows no more
	})
	it(t, "lets through one request that weighs more than a window has", func(t *testing.T) {
		f := newFake(well)
		s := things(open(t, f, limit(upstream.Quota{Calls: 1, Window: time.Minute})), func(sp *spec) { sp.Weight = 1.5 })
		askN(s, 3)
		wantSent(t, f, 1)
	})
	it(t, "counts calls that fail", func(t *testing.T) {
		f := newFake(answers(404, ""))
		_, s := serve(t, f, limit(upstream.Quota{Calls: 3, Window: time.Minute}))
		askN(s, 5)
		wantSent(t, f, 3)
	})
	it(t, "never refuses when it is huge", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f, limit(upstream.Quota{Calls: 1<<63 - 1, Window: time.Second}, upstream.Quota{Calls: 1 << 31, Window: time.Nanosecond}))
		if refused := askN(s, 50); refused != 0 {
			t.Errorf("refused = %d, want 0", refused)
		}
	})
}
