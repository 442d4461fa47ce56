package upstreamtest

import (
	"cmp"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"tributary/cache"
	"tributary/upstream"
)

// Open returns an upstream that is closed at the end of the test. What cfg does not set
// suits tests on a busy machine: long time-outs, no retries, no hedges, and no log.
func Open(t testing.TB, name, base string, cfg upstream.Config) *upstream.Upstream {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Name, cfg.BaseURL = name, u
	p := &cfg.Policies
	p.Timeout = cmp.Or(p.Timeout, 20*time.Second)
	p.MaxConcurrent = cmp.Or(p.MaxConcurrent, 8)
	p.Breaker = cmp.Or(p.Breaker, upstream.Breaker{FailureRate: 0.5, MinCalls: 100, Window: 10 * time.Second, Delay: 5 * time.Second})
	cfg.Lifetimes = cmp.Or(cfg.Lifetimes, cache.Lifetimes{FreshFor: time.Minute, RevalidateFor: time.Minute, StaleFor: time.Hour})
	cfg.FetchBudget = cmp.Or(cfg.FetchBudget, 20*time.Second)
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	if cfg.Store == nil {
		cfg.Store = cache.NewStore(1000)
	}
	up := upstream.New(cfg)
	t.Cleanup(up.Close)
	return up
}
