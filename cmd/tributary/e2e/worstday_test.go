package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// impatient is the environment of a gateway whose patience is short, while its upstreams'
// time-out is far longer than a test may take: whatever comes back in time did not wait for a
// provider that hangs.
func impatient() map[string]string {
	return with(unhedged(), "PATIENCE", "200ms", "PATIENCE_MIN", "200ms")
}

// unhedged is the environment of a gateway that repeats what failed once and at once.
func unhedged() map[string]string {
	env := map[string]string{}
	for _, u := range upstreamNames() {
		env[strings.ToUpper(u)+"_RETRIES"] = "1"
		env[strings.ToUpper(u)+"_RETRY_DELAY"] = "1ms"
		env[strings.ToUpper(u)+"_HEDGE_QUANTILE"] = "0"
	}
	return env
}

var faults = []struct {
	name, fault string
	code        string // what meta says of it
}{
	{"hang", `{"mode": "hang"}`, "timeout"},
	{"reset", `{"mode": "reset"}`, "connection"},
	{"truncate", `{"mode": "truncate"}`, "invalid_response"},
	{"garbage", `{"mode": "garbage"}`, "invalid_response"},
	{"drip", `{"mode": "drip"}`, "timeout"},
	{"down", `{"mode": "down"}`, "connection"},
	{"500s", `{"error_rate": 1}`, "server_error"},
	{"429 with Retry-After", `{"error_rate": 1, "status": 429, "retry_after_s": 120}`, "rate_limited"},
}

// An operator's question on the worst day: what do callers get when providers
// misbehave, one, two or all of them?
func TestProvidersThatMisbehave(t *testing.T) {
	providers := []string{"openmeteo", "openweather", "metno"}
	for _, f := range faults {
		for broken := 1; broken <= len(providers); broken++ {
			t.Run(fmt.Sprintf("%s at %d of 3", f.name, broken), func(t *testing.T) {
				t.Parallel()
				d := startDemo(t, with(impatient(),
					// An answer is never fresh, but as old as can be it may be served.
					"OPENMETEO_FRESH_FOR", "0s", "OPENMETEO_REVALIDATE_FOR", "0s",
					"OPENWEATHER_FRESH_FOR", "0s", "OPENWEATHER_REVALIDATE_FOR", "0s",
				))
				eventually(t, "an answer is complete", func() bool { return d.get("/v1/weather?city=Oslo").Meta.Status == "complete" })
				for _, p := range providers[:broken] {
					d.fault(p, f.fault)
				}
				warm := d.get("/v1/weather?city=Oslo")
				if warm.status != http.StatusOK || warm.Meta.Status != "degraded" {
					t.Errorf("a place asked for before = %v, want 200 and degraded", warm)
				}
				for _, p := range providers[:broken] {
					if p == "metno" {
						continue // its own Expires keeps it fresh
					}
					if s := warm.source(p); s.State != "stale" || s.Error.Code != f.code {
						t.Errorf("a place asked for before: %s = %+v, want stale because of %s", p, s, f.code)
					}
				}
				if again := d.get("/v1/weather?city=Oslo"); again.source("openmeteo").Attempts != 0 {
					t.Errorf("asked again at once: openmeteo = %+v, want its old answer without an attempt", again.source("openmeteo"))
				}
				if broken == len(providers) && f.code == "timeout" {
					return // a cold place then waits for the time-outs, here longer than a test may take
				}
				cold := d.get("/v1/weather?city=Tokyo")
				switch {
				case broken < len(providers) && (cold.status != http.StatusOK || cold.Meta.Status != "degraded"):
					t.Errorf("a new place = %v, want 200 and degraded", cold)
				case broken == len(providers) && f.code == "rate_limited" && (cold.status != http.StatusServiceUnavailable || cold.header.Get("Retry-After") == ""):
					t.Errorf("a new place = %v, want 503 and Retry-After", cold)
				case broken == len(providers) && f.code != "rate_limited" && cold.status != http.StatusBadGateway:
					t.Errorf("a new place = %v, want 502", cold)
				}
				for _, p := range providers[:broken] {
					if s := cold.source(p); s.State != "failed" || s.Error.Code != f.code {
						t.Errorf("a new place: %s = %+v, want failed because of %s", p, s, f.code)
					}
				}
			})
		}
	}
}

func TestAllProvidersHang(t *testing.T) {
	d := startDemo(t, map[string]string{"REQUEST_TIMEOUT": "500ms", "PATIENCE": "100ms", "PATIENCE_MIN": "100ms"})
	for _, p := range []string{"openmeteo", "openweather", "metno"} {
		d.fault(p, `{"mode": "hang"}`)
	}
	if a := d.get("/v1/weather?city=Oslo"); a.status != http.StatusGatewayTimeout {
		t.Errorf("GET /v1/weather with every provider hanging = %v, want 504", a)
	}
}

// Within the span of revalidation a provider that hangs costs nobody anything.
func TestHungRefreshIsNotWaitedFor(t *testing.T) {
	d := startDemo(t, with(unhedged(), "OPENMETEO_FRESH_FOR", "0s", "OPENMETEO_REVALIDATE_FOR", "1h"))
	d.get("/v1/weather?city=Oslo")
	d.fault("openmeteo", `{"mode": "hang"}`)
	for range 20 {
		a := d.get("/v1/weather?city=Oslo")
		if s := a.source("openmeteo"); s.State != "revalidating" {
			t.Fatalf("openmeteo = %+v, want revalidating", s)
		}
	}
	if calls := d.status("openmeteo").Calls; calls != 2 {
		t.Errorf("calls to openmeteo = %d, want 2: the first, and one refresh", calls)
	}
}

func TestManyCallersOneCall(t *testing.T) {
	d := startDemo(t, unhedged())
	for _, p := range []string{"openmeteo", "openweather", "metno"} {
		d.fault(p, `{"latency_ms": 300}`)
	}
	var wg sync.WaitGroup
	for range 500 {
		wg.Go(func() {
			if a := d.get("/v1/weather?city=Oslo"); a.Meta.Status != "complete" {
				t.Errorf("GET /v1/weather?city=Oslo = %v, want complete", a)
			}
		})
	}
	wg.Wait()
	for _, p := range []string{"openmeteo", "openweather", "metno", "geocoding"} {
		if calls := d.status(p).Calls; calls != 1 {
			t.Errorf("500 callers of one place: calls to %s = %d, want 1", p, calls)
		}
	}
}

func TestMorePlacesThanMemoryHolds(t *testing.T) {
	d := startDemo(t, map[string]string{"CACHE_MAX_ENTRIES": "100"})
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for n := next.Add(1); n <= 1000; n = next.Add(1) {
				if a := d.get(fmt.Sprintf("/v1/weather?lat=%d.%02d&lon=%d", n%60, n%100, n%180)); a.status != http.StatusOK {
					t.Errorf("place %d = %v, want 200", n, a)
				}
			}
		})
	}
	wg.Wait()
}

func TestBreaker(t *testing.T) {
	d := startDemo(t, map[string]string{"OPENMETEO_BREAKER_DELAY": "300ms"})
	d.fault("openmeteo", `{"error_rate": 1}`)
	for n := range 200 {
		if a := d.get(fmt.Sprintf("/v1/weather?lat=10&lon=%d", n-100)); a.status != http.StatusOK {
			t.Errorf("place %d = %v, want 200", n, a)
		}
	}
	calls := d.status("openmeteo").Calls
	if calls > 110 {
		t.Errorf("200 places while openmeteo answers 500: calls to it = %d, want at most 110", calls)
	}
	t.Run("opens, and then costs nothing", func(t *testing.T) {
		a := d.get("/v1/weather?lat=20&lon=20")
		if s := a.source("openmeteo"); s.State != "failed" || s.Error.Code != "circuit_open" || s.Attempts != 0 {
			if s.Error.Code != "server_error" || s.Attempts > 1 { // the one call that tries
				t.Errorf("openmeteo = %+v, want circuit_open without an attempt", s)
			}
		}
		if state := d.status("openmeteo").Breaker.State; state != "open" {
			t.Errorf("/v1/status: breaker = %q, want open", state)
		}
	})
	t.Run("closes when the provider is well", func(t *testing.T) {
		d.fault("openmeteo", "")
		deadline := time.Now().Add(10 * time.Second)
		for n := 0; ; n++ {
			a := d.get(fmt.Sprintf("/v1/weather?lat=30&lon=%d", n%180))
			if a.source("openmeteo").State == "live" {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("openmeteo = %+v long after it was well, want live", a.source("openmeteo"))
			}
		}
		if state := d.status("openmeteo").Breaker.State; state != "closed" {
			t.Errorf("/v1/status: breaker = %q, want closed", state)
		}
	})
	t.Run("is not opened by what does not exist", func(t *testing.T) {
		for n := range 50 {
			if a := d.get(fmt.Sprintf("/v1/weather?city=Nowhere%d", n)); a.status != http.StatusNotFound {
				t.Errorf("an unknown city = %v, want 404", a)
			}
		}
		if state := d.status("geocoding").Breaker.State; state != "closed" {
			t.Errorf("/v1/status: breaker of geocoding = %q, want closed", state)
		}
	})
}
