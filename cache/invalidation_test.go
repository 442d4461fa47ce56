package cache_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tributary/cache"
	"tributary/cache/redistest"
)

// invalidated counts the invalidations of a group that a replica has received.
type invalidated struct {
	mu   sync.Mutex
	keys map[string]int // "key keep"
}

func watch(r *cache.Redis) *invalidated {
	i := &invalidated{keys: map[string]int{}}
	r.OnInvalidate("things", func(key string, keep bool) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.keys[fmt.Sprint(key, " ", keep)]++
	})
	return i
}

func (i *invalidated) count(key string, keep bool) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[fmt.Sprint(key, " ", keep)]
}

// listening waits until messages of a reach the replica that is watched.
func (i *invalidated) listening(t testing.TB, from *cache.Redis) {
	t.Helper()
	until(t, "listening", func() bool {
		from.Invalidate(t.Context(), "things", "hello", true)
		return i.count("hello", true) > 0
	})
}

func TestRedisInvalidation(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server), open(t, server)
	seen := watch(b)
	seen.listening(t, a)
	for n := range 100 {
		a.Invalidate(t.Context(), "things", "x", n%2 == 0)
		if got := seen.count("x", true) + seen.count("x", false); got != n+1 {
			t.Fatalf("invalidated x %d times, want %d when Invalidate returns", got, n+1)
		}
	}
	if kept := seen.count("x", true); kept != 50 {
		t.Errorf("%d invalidations kept the old value, want 50", kept)
	}
	t.Run("also applies to the process that began it", func(t *testing.T) {
		own := watch(a)
		a.Invalidate(t.Context(), "things", "mine", false)
		if n := own.count("mine", false); n != 1 {
			t.Errorf("invalidated %d times, want once", n)
		}
	})
	t.Run("is for all keys if messages may have been missed", func(t *testing.T) {
		before := seen.count("", false)
		server.Kill()
		server.Run()
		until(t, "everything invalidated after a connection was lost", func() bool { return seen.count("", false) > before })
	})
	t.Run("ignores a message that it cannot read", func(t *testing.T) {
		server.Do("PUBLISH", "tributary:1:forget", "garbage")
		until(t, "still listening", func() bool {
			a.Invalidate(t.Context(), "things", "after", false)
			return seen.count("after", false) > 0
		})
	})
}

func TestRedisInvalidationOfManyReplicas(t *testing.T) {
	const many = 100
	server := redistest.Start(t)
	writer := open(t, server)
	acted := make([]*invalidated, many)
	for i := range acted {
		acted[i] = watch(open(t, server))
	}
	for _, replica := range acted {
		replica.listening(t, writer)
	}
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		writer.Invalidate(t.Context(), "things", "x", false)
	}()
	select {
	case <-returned:
	case <-time.After(50 * time.Second): // of the minute that lost acknowledgements are waited for
		t.Error("the writer still waits after all replicas have acknowledged")
	}
	for i, replica := range acted {
		if n := replica.count("x", false); n != 1 {
			t.Errorf("replica %d has invalidated x %d times, want once before the writer goes on", i, n)
		}
	}
}

// refusals are the ways in which Redis refuses writes and still answers.
var refusals = map[string]struct {
	begin, end func(t *testing.T, s *redistest.Server)
}{
	"is out of memory": {
		command("CONFIG", "SET", "maxmemory", "1"),
		command("CONFIG", "SET", "maxmemory", "0"),
	},
	"is a read-only replica": {
		command("REPLICAOF", "127.0.0.1", "1"),
		command("REPLICAOF", "NO", "ONE"),
	},
	"has too few replicas": {
		command("CONFIG", "SET", "min-replicas-to-write", "1"),
		command("CONFIG", "SET", "min-replicas-to-write", "0"),
	},
	"failed to save": {
		func(t *testing.T, s *redistest.Server) {
			command("CONFIG", "SET", "save", "3600 1000000")(t, s)
			dir := s.Client().ConfigGet(t.Context(), "dir").Val()["dir"]
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			s.Do("BGSAVE")
			until(t, "a save that failed", func() bool {
				return strings.HasPrefix(s.Do("SET", "any", "value"), "-MISCONF")
			})
		},
		command("CONFIG", "SET", "stop-writes-on-bgsave-error", "no"),
	},
}

func command(words ...any) func(t *testing.T, s *redistest.Server) {
	return func(t *testing.T, s *redistest.Server) {
		t.Helper()
		if err := s.Client().Do(t.Context(), words...).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// wantUnread wants that Redis is not asked for a key.
func wantUnread(t *testing.T, who string, r *cache.Redis, key string) {
	t.Helper()
	if b, _, known := r.Load(t.Context(), "things", key); known || b != nil {
		t.Errorf("%s: Load(%s) = %q, known %t; want it not to be read", who, key, b, known)
	}
}

// readAgain waits until a key is read from Redis again, and wants the old value
// gone.
func readAgain(t *testing.T, who string, r *cache.Redis, key string) cache.Stamp {
	t.Helper()
	var at cache.Stamp
	until(t, who+" reads "+key+" from Redis again", func() bool {
		b, stamp, known := r.Load(t.Context(), "things", key)
		if b != nil {
			t.Fatalf("%s: Load(%s) = %q, want the old value gone", who, key, b)
		}
		at = stamp
		return known
	})
	return at
}

func TestRedisInvalidationWhileRedisRefusesWrites(t *testing.T) {
	for name, refusal := range refusals {
		for what, keys := range map[string][]string{"a key": {"1", "1"}, "a group": {"", "2"}} {
			for _, keep := range []bool{false, true} {
				t.Run(fmt.Sprintf("Redis %s, %s, keep %t", name, what, keep), func(t *testing.T) {
					t.Parallel()
					server := redistest.Start(t)
					writer, other := open(t, server), open(t, server)
					seen := watch(other)
					watch(writer)
					seen.listening(t, writer)
					readAgain(t, "the writer", writer, "hello")
					old := wantLoad(t, other, keys[1], "")
					other.Store(t.Context(), "things", keys[1], old, []byte("old"), time.Hour)
					wantLoad(t, writer, keys[1], "old")

					refusal.begin(t, server)
					before := seen.count(keys[0], keep)
					writer.Invalidate(t.Context(), "things", keys[0], keep)
					if n := seen.count(keys[0], keep); n != before+1 {
						t.Errorf("the other replica received %d messages, want one before Invalidate returns", n-before)
					}
					late := open(t, server)
					watch(late)
					wantUnread(t, "the writer", writer, keys[1])
					wantUnread(t, "the other", other, keys[1])
					until(t, "a replica that started later receives the message", func() bool {
						_, _, known := late.Load(t.Context(), "things", keys[1])
						return !known
					})
					if n := seen.count(keys[0], keep); n != before+1 {
						t.Errorf("the other replica has invalidated %d times, want a repeated message to be ignored", n-before)
					}

					refusal.end(t, server)
					other.Store(t.Context(), "things", keys[1], old, []byte("old"), time.Hour)
					for who, replica := range map[string]*cache.Redis{"the writer": writer, "the other": other, "the late one": late} {
						readAgain(t, who, replica, keys[1])
					}
					other.Store(t.Context(), "things", keys[1], old, []byte("old"), time.Hour)
					at := wantLoad(t, writer, keys[1], "")
					until(t, "stored", func() bool { // once no replica retries the invalidation any more
						writer.Store(t.Context(), "things", keys[1], at, []byte("new"), time.Hour)
						var b []byte
						b, at, _ = other.Load(t.Context(), "things", keys[1])
						return string(b) == "new"
					})
				})
			}
		}
	}
}

func TestRedisInvalidationWhileRedisIsAway(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server)
	writer, other := openURL(t, proxy.PatientURL(), nil), open(t, server)
	seen := watch(other)
	watch(writer)
	seen.listening(t, writer)
	store := func(key string) {
		readAgain(t, "the writer", writer, key)
		other.Store(t.Context(), "things", key, wantLoad(t, other, key, ""), []byte("old"), time.Hour)
		wantLoad(t, other, key, "old")
	}
	for key, keep := range map[string]bool{"1": false, "2": true} {
		store(key)
		proxy.Cut()
		writer.Invalidate(t.Context(), "things", key, keep)
		wantUnread(t, "the writer", writer, key)
		wantLoad(t, other, key, "old") // it cannot know of the invalidation
		proxy.Open()
		readAgain(t, "the writer", writer, key)
		until(t, "the other replica receives the message", func() bool { return seen.count(key, keep) > 0 })
		wantLoad(t, other, key, "")
	}
	t.Run("of too many keys is one of the whole group", func(t *testing.T) {
		store("3")
		proxy.Cut()
		for i := range 1000 {
			writer.Invalidate(t.Context(), "things", fmt.Sprint("many", i), true)
		}
		wantUnread(t, "the writer", writer, "3")
		proxy.Open()
		readAgain(t, "the writer", writer, "3")
		until(t, "the other replica receives the message for the group", func() bool { return seen.count("", true) > 0 })
	})
	t.Run("is tried once more when the process ends", func(t *testing.T) {
		leaving, err := cache.NewRedis(cache.RedisConfig{URL: proxy.PatientURL()})
		if err != nil {
			t.Fatal(err)
		}
		store("4")
		proxy.Cut()
		leaving.Invalidate(t.Context(), "things", "4", false)
		proxy.Open()
		until(t, "Redis is reached", func() bool { return leaving.Reach(t.Context()) == nil })
		if err := leaving.Close(); err != nil {
			t.Error(err)
		}
		wantLoad(t, other, "4", "")
	})
}

func TestRedisInvalidationsAtTheSameTime(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server), open(t, server)
	seen := watch(b)
	seen.listening(t, a)
	var writers sync.WaitGroup
	var n atomic.Int64
	for range 8 {
		writers.Go(func() {
			for i := n.Add(1); i <= 200; i = n.Add(1) {
				a.Invalidate(t.Context(), "things", "x", false)
			}
		})
	}
	writers.Wait()
	if got := seen.count("x", false); got != 200 {
		t.Errorf("the other replica received %d messages, want 200", got)
	}
	readAgain(t, "the writer", a, "x")
}
