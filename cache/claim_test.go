package cache_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tributary/cache"
	"tributary/cache/redistest"
)

// record makes a record of a claim.
func record(c *cache.Claim, state string) []byte { return []byte(c.Token + " " + state) }

// claimed takes a key that is free.
func claimed(t *testing.T, r *cache.Redis, key string, lease time.Duration) *cache.Claim {
	t.Helper()
	c := r.NewClaim(key, lease)
	if there, taken, err := c.Take(t.Context(), record(c, "claimed")); !taken || err != nil {
		t.Fatalf("Take = %+v, %t, %v; want it taken", there, taken, err)
	}
	return c
}

// wantClaimed wants that Redis has this record, and a lease that has not lapsed
// or has.
func wantClaimed(t *testing.T, r *cache.Redis, key string, want []byte, held bool) {
	t.Helper()
	there, err := r.NewClaim(key, time.Minute).Read(t.Context())
	if err != nil || string(there.Record) != string(want) || there.Left > 0 != held {
		t.Errorf("Read = %q, %s left, %v; want %q, held %t", there.Record, there.Left, err, want, held)
	}
}

// lapse ends the lease of a key, as if its holder had died long ago.
func lapse(t *testing.T, redis *redis.Client, key string) {
	t.Helper()
	if n := redis.Del(t.Context(), "tributary:1:claim-lease:"+key).Val(); n != 1 {
		t.Fatal("there was no lease")
	}
}

func TestRedisClaim(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server), open(t, server)
	c := claimed(t, a, "k", time.Minute)
	other := b.NewClaim("k", time.Minute)
	there, taken, err := other.Take(t.Context(), record(other, "claimed"))
	if taken || err != nil || string(there.Record) != string(record(c, "claimed")) || there.Left <= 0 || there.Left > time.Minute {
		t.Errorf("Take of a claimed key = %q, %s left, %t, %v; want the holder's record", there.Record, there.Left, taken, err)
	}
	if err := c.Put(t.Context(), record(c, "sent"), time.Hour); err != nil {
		t.Error(err)
	}
	wantClaimed(t, b, "k", record(c, "sent"), true)
	c.Finish(t.Context(), []byte("answer"), time.Hour)
	wantClaimed(t, b, "k", []byte("answer"), false)
	if left := server.Client().PTTL(t.Context(), "tributary:1:claim:k").Val(); left < 59*time.Minute || left > time.Hour {
		t.Errorf("the answer is kept for %s, want an hour", left)
	}
	wantClaimed(t, b, "another", nil, false)
}

func TestRedisClaimLapses(t *testing.T) {
	server := redistest.Start(t)
	redis := server.Client()
	a, b := open(t, server), open(t, server)
	lost := claimed(t, a, "k", time.Minute)
	if err := lost.Put(t.Context(), record(lost, "sent"), time.Hour); err != nil {
		t.Fatal(err)
	}
	next := b.NewClaim("k", time.Minute)
	if taken, err := next.TakeOver(t.Context(), record(lost, "sent"), record(next, "sent"), time.Hour); taken || err != nil {
		t.Errorf("TakeOver before the lease has lapsed = %t, %v; want it refused", taken, err)
	}
	lapse(t, redis, "k")
	wantClaimed(t, b, "k", record(lost, "sent"), false)
	if taken, err := next.TakeOver(t.Context(), []byte("another record"), record(next, "sent"), time.Hour); taken || err != nil {
		t.Errorf("TakeOver of another record = %t, %v; want it refused", taken, err)
	}
	if taken, err := next.TakeOver(t.Context(), record(lost, "sent"), record(next, "sent"), time.Hour); !taken || err != nil {
		t.Errorf("TakeOver = %t, %v; want it taken", taken, err)
	}
	if err := lost.Put(t.Context(), record(lost, "sent"), time.Hour); !errors.Is(err, cache.ErrClaimLost) {
		t.Errorf("Put of the claim that was lost: %v, want that it is lost", err)
	}
	lost.Finish(t.Context(), []byte("answer of who has lost it"), time.Hour)
	wantClaimed(t, a, "k", record(next, "sent"), true)
	next.Finish(t.Context(), []byte("answer"), time.Hour)
	wantClaimed(t, a, "k", []byte("answer"), false)

	t.Run("and can still be finished if no process has taken it over", func(t *testing.T) {
		slow := claimed(t, a, "slow", time.Minute)
		lapse(t, redis, "slow")
		slow.Finish(t.Context(), []byte("answer"), time.Hour)
		wantClaimed(t, b, "slow", []byte("answer"), false)
	})
	t.Run("and then a key that was only claimed is free", func(t *testing.T) {
		dead, err := cache.NewRedis(cache.RedisConfig{URL: server.PatientURL()})
		if err != nil {
			t.Fatal(err)
		}
		claimed(t, dead, "dead", 2*time.Second)
		_ = dead.Close()
		until(t, "free", func() bool {
			c := b.NewClaim("dead", time.Minute)
			_, taken, err := c.Take(t.Context(), record(c, "claimed"))
			return taken && err == nil
		})
	})
}

func TestRedisClaimOfOneProcess(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server), open(t, server)
	orphan := claimed(t, a, "k", time.Minute) // its reply was lost, or Redis was away when it was given up
	wantClaimed(t, a, "k", record(orphan, "claimed"), false)
	wantClaimed(t, b, "k", record(orphan, "claimed"), true)
	next := a.NewClaim("k", time.Minute)
	if taken, err := next.TakeOver(t.Context(), record(orphan, "claimed"), record(next, "claimed"), time.Minute); !taken || err != nil {
		t.Errorf("TakeOver of this process's own claim = %t, %v; want it taken", taken, err)
	}
	orphan.Finish(t.Context(), []byte("too late"), time.Hour)
	wantClaimed(t, b, "k", record(next, "claimed"), true)
}

func TestRedisClaimIsRenewed(t *testing.T) {
	server := redistest.Start(t)
	redis := server.Client()
	a, b := open(t, server), open(t, server)
	left := func(name string) time.Duration { return redis.PTTL(t.Context(), name).Val() }
	const lease = 6 * time.Second
	c := claimed(t, a, "k", lease)
	lowLease, lowRecord := lease, lease
	until(t, "renewed", func() bool {
		nowLease, nowRecord := left("tributary:1:claim-lease:k"), left("tributary:1:claim:k")
		if nowLease < 0 || nowRecord < 0 {
			t.Fatalf("it has lapsed while its holder lives: %s, %s left", nowLease, nowRecord)
		}
		lowLease, lowRecord = min(lowLease, nowLease), min(lowRecord, nowRecord)
		return nowLease > lowLease && nowRecord > lowRecord // a claim without its record would be free
	})
	if err := c.Put(t.Context(), record(c, "sent"), time.Hour); err != nil {
		t.Fatal(err)
	}
	t.Run("even if Redis has lost its data", func(t *testing.T) {
		redis.FlushAll(t.Context())
		until(t, "there again", func() bool {
			there, err := b.NewClaim("k", lease).Read(t.Context())
			return err == nil && string(there.Record) == string(record(c, "sent")) && there.Left > 0
		})
		if l := left("tributary:1:claim:k"); l < time.Minute {
			t.Errorf("the record is kept for %s, want an hour", l)
		}
	})
}

func TestRedisClaimIsFinishedLater(t *testing.T) {
	server := redistest.Start(t)
	for name, fault := range map[string]struct{ begin, end func(*redistest.Proxy) }{
		"Redis is out of reach": {(*redistest.Proxy).Cut, (*redistest.Proxy).Open},
		"Redis refuses writes": {
			func(*redistest.Proxy) { command("CONFIG", "SET", "maxmemory", "1")(t, server) },
			func(*redistest.Proxy) { command("CONFIG", "SET", "maxmemory", "0")(t, server) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := redistest.NewProxy(t, server)
			a, b := openURL(t, proxy.PatientURL(), nil), open(t, server)
			c := claimed(t, a, name, time.Minute)
			fault.begin(proxy)
			c.Finish(t.Context(), []byte("answer"), time.Hour)
			fault.end(proxy)
			until(t, "finished", func() bool {
				there, err := b.NewClaim(name, time.Minute).Read(t.Context())
				return err == nil && string(there.Record) == "answer" && there.Left == 0
			})
		})
	}
}

func TestRedisSaysWhyItCannotBeReached(t *testing.T) {
	server := redistest.Start(t)
	reached := openURL(t, "redis://"+server.Address, nil)
	until(t, "reached", func() bool { return reached.Reach(t.Context()) == nil })
	server.Kill()

	var log bytes.Buffer
	r := openURL(t, "redis://user:s3cret@"+server.Address+"/0", slog.New(slog.NewTextHandler(&log, nil)))
	if err := r.Reach(t.Context()); err == nil || err.Error() != "connection refused" {
		t.Errorf("Reach of a Redis that is not there: %v, want connection refused", err)
	}
	for range 200 { // more than there are connections in the pool
		if _, _, known := r.Load(t.Context(), "things", "1"); known {
			t.Error("Load from a Redis that is not there is known")
		}
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"connection refused"`) || !strings.Contains(got, "address="+server.Address) {
		t.Errorf("logged %q, want one line that says that %s refuses connections", got, server.Address)
	}
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("logged the password: %s", &log)
	}

	server.Run("--requirepass", "another")
	until(t, "a refused password", func() bool {
		err := r.Reach(t.Context())
		return err != nil && strings.Contains(err.Error(), "WRONGPASS")
	})
	server.Hang()
	defer server.Resume()
	until(t, "a time-out", func() bool {
		err := reached.Reach(t.Context())
		return err != nil && err.Error() == "no answer in time"
	})
}
