package cache_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"tributary/cache"
	"tributary/cache/redistest"
)

// open is a client that waits for Redis as long as it takes, and is closed with
// the test.
func open(t testing.TB, server *redistest.Server) *cache.Redis {
	t.Helper()
	return openURL(t, server.PatientURL(), nil)
}

func openURL(t testing.TB, url string, log *slog.Logger, changes ...func(*cache.RedisConfig)) *cache.Redis {
	t.Helper()
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	cfg := cache.RedisConfig{URL: url, Logger: log}
	for _, change := range changes {
		change(&cfg)
	}
	r, err := cache.NewRedis(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// until repeats try until it succeeds; that it does not in time fails the test.
func until(t testing.TB, what string, try func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !try(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in 20 s", what)
		}
	}
}

func wantLoad(t *testing.T, r *cache.Redis, key, want string) cache.Stamp {
	t.Helper()
	b, at, known := r.Load(t.Context(), "things", key)
	if !known || string(b) != want {
		t.Errorf("Load(%s) = %q, known %t; want %q", key, b, known, want)
	}
	return at
}

func TestRedisEntries(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server), open(t, server)
	at := wantLoad(t, a, "1", "")
	a.Store(t.Context(), "things", "1", at, []byte("one\ntwo"), time.Minute)
	wantLoad(t, b, "1", "one\ntwo")

	t.Run("are not stored when they were invalidated while they were read", func(t *testing.T) {
		for _, invalidated := range []string{"1", ""} {
			at := wantLoad(t, a, "1", "one\ntwo")
			b.Invalidate(t.Context(), "things", invalidated, false)
			a.Store(t.Context(), "things", "1", at, []byte("old"), time.Minute)
			at = wantLoad(t, a, "1", "")
			a.Store(t.Context(), "things", "1", at, []byte("one\ntwo"), time.Minute)
			wantLoad(t, b, "1", "one\ntwo")
		}
	})
	t.Run("are not stored by a reader who could not read the stamp", func(t *testing.T) {
		a.Store(t.Context(), "things", "3", cache.Stamp{}, []byte("x"), time.Minute)
		wantLoad(t, a, "3", "")
	})
	t.Run("are not stored if they are gone", func(t *testing.T) {
		a.Store(t.Context(), "things", "2", wantLoad(t, a, "2", ""), []byte("x"), 0)
		wantLoad(t, a, "2", "")
	})
}

func TestRedisLease(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server), open(t, server)
	giveBack, taken := a.Lease(t.Context(), "things", "1")
	if !taken {
		t.Fatal("a free lease was not acquired")
	}
	if _, taken := b.Lease(t.Context(), "things", "1"); taken {
		t.Error("a lease was acquired twice")
	}
	giveBack()
	again, taken := b.Lease(t.Context(), "things", "1")
	if !taken {
		t.Fatal("a lease that was given back was not acquired")
	}
	giveBack() // is not ours any more
	if _, taken := a.Lease(t.Context(), "things", "1"); taken {
		t.Error("a lease was given back by its previous holder")
	}
	again()
}

func TestRedisLeaseIsRenewed(t *testing.T) {
	server := redistest.Start(t)
	redis := server.Client()
	const name = "tributary:1:lease:things:1"
	left := func() time.Duration { return redis.PTTL(t.Context(), name).Val() }
	a, b := open(t, server), open(t, server)
	low, giveBack := time.Duration(0), func() {}
	until(t, "renewed", func() bool {
		now := left()
		if now <= 0 { // not taken yet, or a loaded machine has let it lapse
			giveBack()
			taken := false
			if giveBack, taken = a.Lease(t.Context(), "things", "1"); !taken {
				t.Fatal("a free lease was not acquired")
			}
			now, low = left(), 500*time.Millisecond
		}
		if now > 500*time.Millisecond {
			t.Errorf("a lease lasts %s, want half a second at most", now)
		}
		low = min(low, now)
		return now > low
	})
	redis.Persist(t.Context(), name) // so that it cannot lapse on a slow machine
	if _, taken := b.Lease(t.Context(), "things", "1"); taken {
		t.Error("the lease of another process was acquired")
	}
	again, taken := a.Lease(t.Context(), "things", "1") // as if Redis had been away when it was given back
	if !taken {
		t.Error("a lease of the same process was not acquired again")
	}
	again()
	giveBack()
}

func TestRedisLeaseOfADeadProcessLapses(t *testing.T) {
	server := redistest.Start(t)
	b := open(t, server)
	until(t, "left behind", func() bool { // on a slow machine it may lapse before it is looked at
		dead, err := cache.NewRedis(cache.RedisConfig{URL: server.PatientURL(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		giveBack, taken := dead.Lease(t.Context(), "things", "1")
		_ = dead.Close()
		giveBack() // which does not reach Redis
		return taken && server.Do("EXISTS", "tributary:1:lease:things:1") == ":1"
	})
	until(t, "free", func() bool {
		giveBack, taken := b.Lease(t.Context(), "things", "1")
		if taken {
			giveBack()
		}
		return taken
	})
}

func TestRedisThatFails(t *testing.T) {
	server := redistest.Start(t)
	var log bytes.Buffer
	changes := make(chan bool, 100)
	r := openURL(t, server.URL(), slog.New(slog.NewTextHandler(&log, nil)), func(c *cache.RedisConfig) {
		c.Changed = func(away bool) { changes <- away }
	})
	server.Hang()
	defer server.Resume()
	for range 40 { // the first ones wait for their time-out, the others find the breaker open
		if b, _, known := r.Load(t.Context(), "things", "1"); known || b != nil {
			t.Errorf("Load from a Redis that hangs = %q, %t; want nothing, and that it is not known", b, known)
		}
	}
	if _, taken := r.Lease(t.Context(), "things", "1"); !taken {
		t.Error("while Redis hangs, a lease was not taken")
	}
	claim := r.NewClaim("k", time.Minute)
	if _, taken, err := claim.Take(t.Context(), []byte("x")); taken || err == nil {
		t.Errorf("Take of a claim while Redis hangs = %t, %v; want an error", taken, err)
	}
	if _, err := claim.Read(t.Context()); err == nil {
		t.Error("Read of a claim while Redis hangs: no error")
	}
	r.Store(t.Context(), "things", "1", cache.Stamp{}, []byte("x"), time.Minute)
	r.Invalidate(t.Context(), "things", "1", false)
	server.Resume()
	until(t, "well again", func() bool { _, _, known := r.Load(t.Context(), "things", "1"); return known })
	if away, back := <-changes, <-changes; !away || back || len(changes) > 0 {
		t.Errorf("told that it is away: %t, then %t, and %d times more; want away, then back", away, back, len(changes))
	}
	if commands, failures := r.Counts(); failures < 40 || commands <= failures {
		t.Errorf("Counts = %d commands, %d failures; want 40 failures and some that went well", commands, failures)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 {
		t.Errorf("logged %d lines, want one a minute:\n%s", lines, &log)
	}
}

func TestRedisThatIsNotThere(t *testing.T) {
	var none *cache.Redis
	if _, _, known := none.Load(t.Context(), "things", "1"); known {
		t.Error("Load from no Redis is known")
	}
	giveBack, taken := none.Lease(t.Context(), "things", "1")
	if !taken {
		t.Error("a lease of no Redis was not taken")
	}
	giveBack()
	none.Store(t.Context(), "things", "1", cache.Stamp{}, nil, time.Minute)
	none.Invalidate(t.Context(), "things", "1", false)
	none.OnInvalidate("things", nil)
	if err := none.Close(); err != nil {
		t.Error(err)
	}
	if _, err := cache.NewRedis(cache.RedisConfig{URL: "http://user:secret@x"}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("NewRedis of another URL = %v, want an error that does not quote it", err)
	}
}

func TestRedisSpans(t *testing.T) {
	server := redistest.Start(t)
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	r, err := cache.NewRedis(cache.RedisConfig{URL: server.PatientURL(), Tracer: provider.Tracer(""), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, parent := provider.Tracer("").Start(context.Background(), "parent")
	r.Load(ctx, "things", "1")
	server.Kill()
	var failed atomic.Bool
	until(t, "a command that fails", func() bool {
		_, _, known := r.Load(ctx, "things", "1")
		failed.Store(!known)
		return failed.Load()
	})
	parent.End()
	well, bad := 0, 0
	for _, span := range exporter.GetSpans() {
		if span.Name != "MGET" || span.Parent.SpanID() != parent.SpanContext().SpanID() {
			continue
		}
		if span.Status.Code == codes.Error {
			bad++
		} else {
			well++
		}
	}
	if well == 0 || bad == 0 {
		t.Errorf("spans of commands = %d well, %d failed; want both", well, bad)
	}
}

func TestRedisTake(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server), open(t, server)
	for n := range 3 { // one bucket, whichever replica takes
		r := []*cache.Redis{a, b}[n%2]
		retry, reset, known := r.Take(t.Context(), "client", 1, 3, time.Hour)
		if retry != 0 || !known || reset > time.Duration(n+1)*20*time.Minute || reset < time.Duration(n+1)*20*time.Minute-time.Minute {
			t.Errorf("Take %d = %s, %s, %t; want a token, and a bucket that is full after %d thirds of an hour", n, retry, reset, known, n+1)
		}
	}
	if retry, _, known := b.Take(t.Context(), "client", 1, 3, time.Hour); retry < 19*time.Minute || retry > 20*time.Minute || !known {
		t.Errorf("Take 4 = %s, %t; want a wait of 20 minutes", retry, known)
	}
	if retry, _, _ := b.Take(t.Context(), "another", 1, 3, time.Hour); retry != 0 {
		t.Errorf("Take of another client = %s, want a token", retry)
	}
	for n, want := range []time.Duration{0, 20 * time.Minute, 0} { // 2 of 3 tokens, 2 more, 1
		tokens := []int{2, 2, 1}[n]
		if retry, _, known := a.Take(t.Context(), "batches", tokens, 3, time.Hour); retry > want || retry < want-time.Minute || !known {
			t.Errorf("Take of %d tokens = %s, %t; want a wait of %s", tokens, retry, known, want)
		}
	}
	var none *cache.Redis
	if _, _, known := none.Take(t.Context(), "client", 1, 3, time.Hour); known {
		t.Error("Take from no Redis is known")
	}
}

func TestRedisTakeAtTheEdgeOfNumbers(t *testing.T) {
	r := open(t, redistest.Start(t))
	for name, c := range map[string]struct {
		calls  int
		window time.Duration
		burst  int // so many are let through at once
	}{
		"it lets one request through in a window of broken milliseconds": {1, time.Hour + 1_234_567*time.Nanosecond, 1},
		"it lets a burst of all through, however they divide the window": {7, time.Hour + 1_234_567*time.Nanosecond, 7},
		"it knows windows of years":                                      {1, 8760 * time.Hour, 1},
		"it knows windows of a nanosecond":                               {1, time.Nanosecond, 20},
		"it knows many calls in less than a microsecond":                 {600, 100 * time.Nanosecond, 20},
		"it knows more calls than nanoseconds":                           {math.MaxInt, time.Second, 20},
		"it knows the longest window":                                    {1, math.MaxInt64, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for client := range 50 { // floating point fails for some moments only
				key := fmt.Sprint(c.calls, c.window, client)
				for n := range c.burst {
					if retry, reset, known := r.Take(t.Context(), key, 1, c.calls, c.window); retry != 0 || reset < 0 || !known {
						t.Fatalf("Take %d = %s, %s, %t; want a token", n, retry, reset, known)
					}
				}
				if c.window < time.Hour {
					continue
				}
				if retry, _, known := r.Take(t.Context(), key, 1, c.calls, c.window); retry <= 0 || !known {
					t.Fatalf("Take after the burst = %s, %t; want a wait", retry, known)
				}
			}
		})
	}
	t.Run("the wait is that of the window in use, not of an earlier, longer one", func(t *testing.T) {
		r.Take(t.Context(), "changed", 1, 1, 24*time.Hour)
		if retry, _, known := r.Take(t.Context(), "changed", 1, 1, time.Minute); retry > time.Minute || !known {
			t.Errorf("Take = %s, %t; want a minute at most", retry, known)
		}
	})
}
