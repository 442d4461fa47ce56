package cache_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"tributary/cache"
	"tributary/cache/redistest"
)

// open is a client that is closed with the test.
func open(t *testing.T, server *redistest.Server, log *slog.Logger) *cache.Redis {
	t.Helper()
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r, err := cache.NewRedis(cache.RedisConfig{URL: server.URL(), Logger: log})
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
func until(t *testing.T, what string, try func() bool) {
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
	a, b := open(t, server, nil), open(t, server, nil)
	at := wantLoad(t, a, "1", "")
	a.Store(t.Context(), "things", "1", at, []byte("one\ntwo"), time.Minute)
	wantLoad(t, b, "1", "one\ntwo")

	t.Run("are not stored when they were forgotten while they were read", func(t *testing.T) {
		for _, forgotten := range []string{"1", ""} {
			at := wantLoad(t, a, "1", "one\ntwo")
			b.Invalidate(t.Context(), "things", forgotten, false)
			a.Store(t.Context(), "things", "1", at, []byte("old"), time.Minute)
			at = wantLoad(t, a, "1", "")
			a.Store(t.Context(), "things", "1", at, []byte("one\ntwo"), time.Minute)
			wantLoad(t, b, "1", "one\ntwo")
		}
	})
	t.Run("that are gone already are not stored", func(t *testing.T) {
		a.Store(t.Context(), "things", "2", wantLoad(t, a, "2", ""), []byte("x"), 0)
		wantLoad(t, a, "2", "")
	})
}

func TestRedisLease(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server, nil), open(t, server, nil)
	giveBack, taken := a.Lease(t.Context(), "things", "1")
	if !taken {
		t.Fatal("a lease that nobody has was not taken")
	}
	if _, taken := b.Lease(t.Context(), "things", "1"); taken {
		t.Error("a lease was taken twice")
	}
	giveBack()
	again, taken := b.Lease(t.Context(), "things", "1")
	if !taken {
		t.Fatal("a lease that was given back was not taken")
	}
	giveBack() // is not ours any more
	if _, taken := a.Lease(t.Context(), "things", "1"); taken {
		t.Error("a lease was given back by who had it before")
	}
	again()
}

func TestRedisLeaseOutlivesNobody(t *testing.T) {
	server := redistest.Start(t)
	const lease = "tributary:1:lease:things:1"
	left := func() int { // milliseconds
		n, _ := strconv.Atoi(strings.TrimPrefix(server.Do("PTTL", lease), ":"))
		return n
	}
	a, b := open(t, server, nil), open(t, server, nil)
	giveBack, taken := a.Lease(t.Context(), "things", "1")
	if first := left(); !taken || first < 1 || first > 500 {
		t.Errorf("taken = %t, for %d ms; want it for half a second at most", taken, first)
	}
	low := left()
	until(t, "made to last", func() bool {
		now := left()
		low = min(low, now)
		return now > low
	})

	if _, taken := b.Lease(t.Context(), "things", "1"); taken {
		t.Error("another's lease was taken over")
	}
	again, taken := a.Lease(t.Context(), "things", "1") // as if Redis had been away when it was given back
	if !taken {
		t.Error("a lease of one's own was not taken over")
	}
	again()
	giveBack()

	dead, err := cache.NewRedis(cache.RedisConfig{URL: server.URL(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	giveBack, taken = dead.Lease(t.Context(), "things", "1")
	_ = dead.Close()
	giveBack() // which Redis does not hear
	if !taken || left() < 1 {
		t.Errorf("taken = %t, for %d ms; want it left behind", taken, left())
	}
	until(t, "free", func() bool {
		giveBack, taken := b.Lease(t.Context(), "things", "1")
		if taken {
			giveBack()
		}
		return taken
	})
}

func TestRedisForget(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server, nil), open(t, server, nil)
	var mu sync.Mutex
	heard := map[string]int{}
	listening := make(chan struct{})
	var once sync.Once
	b.OnInvalidate("things", func(key string, _ bool) {
		mu.Lock()
		defer mu.Unlock()
		heard[key]++
		if key == "hello" {
			once.Do(func() { close(listening) })
		}
	})
	until(t, "listening", func() bool {
		a.Invalidate(t.Context(), "things", "hello", false)
		select {
		case <-listening:
			return true
		default:
			return false
		}
	})
	for range 100 { // the word has been acted upon when Invalidate returns
		a.Invalidate(t.Context(), "things", "x", false)
		mu.Lock()
		n := heard["x"]
		heard["x"] = 0
		mu.Unlock()
		if n != 1 {
			t.Fatalf("heard of x %d times, want once before Invalidate returns", n)
		}
	}
	t.Run("forgets all when word may have been missed", func(t *testing.T) {
		mu.Lock()
		heard[""] = 0
		mu.Unlock()
		server.Kill()
		server.Run()
		until(t, "word of a connection that was lost", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return heard[""] > 0
		})
	})
	t.Run("ignores what it cannot read", func(t *testing.T) {
		server.Do("PUBLISH", "tributary:1:forget", "garbage")
		until(t, "still listening", func() bool {
			a.Invalidate(t.Context(), "things", "after", false)
			mu.Lock()
			defer mu.Unlock()
			return heard["after"] > 0
		})
	})
}

func TestRedisClaim(t *testing.T) {
	r := open(t, redistest.Start(t), nil)
	if there, taken, known := r.Claim(t.Context(), "k", []byte("mine"), time.Minute); !taken || !known || len(there) != 0 {
		t.Errorf("Claim = %q, %t, %t; want it taken", there, taken, known)
	}
	if there, taken, _ := r.Claim(t.Context(), "k", []byte("yours"), time.Minute); taken || string(there) != "mine" {
		t.Errorf("Claim again = %q, %t; want what is there", there, taken)
	}
	r.Settle(t.Context(), "k", []byte("done"), time.Minute)
	if there, taken, _ := r.Claim(t.Context(), "k", []byte("yours"), time.Minute); taken || string(there) != "done" {
		t.Errorf("Claim of what is settled = %q, %t; want it", there, taken)
	}
	r.Settle(t.Context(), "k", nil, 0)
	if _, taken, _ := r.Claim(t.Context(), "k", []byte("yours"), time.Minute); !taken {
		t.Error("a key that was given up was not taken")
	}
}

func TestRedisThatFails(t *testing.T) {
	server := redistest.Start(t)
	var log bytes.Buffer
	r := open(t, server, slog.New(slog.NewTextHandler(&log, nil)))
	server.Hang()
	defer server.Resume()
	for range 40 { // the first ones wait for their time-out, the others find the breaker open
		if b, _, known := r.Load(t.Context(), "things", "1"); known || b != nil {
			t.Errorf("Load from a Redis that hangs = %q, %t; want nothing, and that it is not known", b, known)
		}
	}
	if _, taken := r.Lease(t.Context(), "things", "1"); !taken {
		t.Error("a lease of a Redis that hangs was not taken; nobody can know better")
	}
	if _, taken, known := r.Claim(t.Context(), "k", nil, time.Minute); taken || known {
		t.Error("a claim of a Redis that hangs is known")
	}
	r.Store(t.Context(), "things", "1", cache.Stamp{}, []byte("x"), time.Minute)
	r.Settle(t.Context(), "k", nil, 0)
	r.Invalidate(t.Context(), "things", "1", false)
	server.Resume()
	until(t, "well again", func() bool { _, _, known := r.Load(t.Context(), "things", "1"); return known })
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
	none.Settle(t.Context(), "k", nil, 0)
	if _, taken, known := none.Claim(t.Context(), "k", nil, time.Minute); taken || known {
		t.Error("a claim of no Redis is known")
	}
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
	r, err := cache.NewRedis(cache.RedisConfig{URL: server.URL(), Tracer: provider.Tracer(""), Logger: slog.New(slog.DiscardHandler)})
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
	a, b := open(t, server, nil), open(t, server, nil)
	for n := range 3 { // one bucket, whichever replica takes
		r := []*cache.Redis{a, b}[n%2]
		retry, reset, known := r.Take(t.Context(), "client", 3, time.Hour)
		if retry != 0 || !known || reset > time.Duration(n+1)*20*time.Minute || reset < time.Duration(n+1)*20*time.Minute-time.Minute {
			t.Errorf("Take %d = %s, %s, %t; want a token, and a bucket that is full after %d thirds of an hour", n, retry, reset, known, n+1)
		}
	}
	if retry, _, known := b.Take(t.Context(), "client", 3, time.Hour); retry < 19*time.Minute || retry > 20*time.Minute || !known {
		t.Errorf("Take 4 = %s, %t; want to be told to wait for 20 minutes", retry, known)
	}
	if retry, _, _ := b.Take(t.Context(), "another", 3, time.Hour); retry != 0 {
		t.Errorf("Take of another client = %s, want a token", retry)
	}
	var none *cache.Redis
	if _, _, known := none.Take(t.Context(), "client", 3, time.Hour); known {
		t.Error("Take from no Redis is known")
	}
}

func TestRedisTakeAtTheEdgeOfNumbers(t *testing.T) {
	r := open(t, redistest.Start(t), nil)
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
					if retry, reset, known := r.Take(t.Context(), key, c.calls, c.window); retry != 0 || reset < 0 || !known {
						t.Fatalf("Take %d = %s, %s, %t; want a token", n, retry, reset, known)
					}
				}
				if c.window < time.Hour {
					continue
				}
				if retry, _, known := r.Take(t.Context(), key, c.calls, c.window); retry <= 0 || !known {
					t.Fatalf("Take after the burst = %s, %t; want to be told to wait", retry, known)
				}
			}
		})
	}
	t.Run("it does not wait for what a longer window has left", func(t *testing.T) {
		r.Take(t.Context(), "changed", 1, 24*time.Hour)
		if retry, _, known := r.Take(t.Context(), "changed", 1, time.Minute); retry > time.Minute || !known {
			t.Errorf("Take = %s, %t; want a minute at most", retry, known)
		}
	})
}
