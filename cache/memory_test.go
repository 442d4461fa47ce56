package cache_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tributary/cache"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// it runs a test in a bubble, where hours pass at once.
func it(t *testing.T, does string, test func(t *testing.T)) {
	t.Helper()
	t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
}

// entry is good for d.
func entry(value any, d time.Duration) *cache.Entry {
	now := time.Now()
	return cache.NewEntry(value, now, cache.FreshOnly(now, d))
}

func wantValue(t *testing.T, m *cache.Memory, key string, want any) {
	t.Helper()
	var got any
	if e := m.Get(key); e != nil {
		got = e.Value
	}
	if got != want {
		t.Errorf("Get(%q) = %v, want %v", key, got, want)
	}
}

func wantEntries(t *testing.T, s *cache.Store, entries int, evictions int64) {
	t.Helper()
	if s.Entries() != entries || s.Evictions() != evictions {
		t.Errorf("entries = %d, evictions = %d, want %d and %d", s.Entries(), s.Evictions(), entries, evictions)
	}
}

func TestMemory(t *testing.T) {
	it(t, "returns the entry that was set last", func(t *testing.T) {
		s := cache.NewStore(10)
		m := s.NewMemory()
		wantValue(t, m, "a", nil)
		e := entry("one", time.Minute)
		m.Set("a", e)
		if m.Get("a") != e {
			t.Error("Get is not the entry that was set")
		}
		m.Set("a", entry("two", time.Minute))
		wantValue(t, m, "a", "two")
		wantEntries(t, s, 1, 0)
		m.Delete("a")
		m.Delete("b")
		wantValue(t, m, "a", nil)
		wantEntries(t, s, 0, 0)
	})
	it(t, "does not share its keys with other memories", func(t *testing.T) {
		s := cache.NewStore(10)
		a, b := s.NewMemory(), s.NewMemory()
		a.Set("key", entry("of a", time.Minute))
		wantValue(t, b, "key", nil)
		b.Set("key", entry("of b", time.Minute))
		wantValue(t, a, "key", "of a")
		b.Delete("key")
		wantValue(t, a, "key", "of a")
	})
	it(t, "has no entry once it is gone, and can store it again", func(t *testing.T) {
		m := cache.NewStore(10).NewMemory()
		m.Set("a", entry("one", time.Minute))
		time.Sleep(time.Minute - 1)
		wantValue(t, m, "a", "one")
		time.Sleep(2 * time.Nanosecond) // go-cache has it for a nanosecond more
		wantValue(t, m, "a", nil)
		m.Set("a", entry("two", time.Minute))
		wantValue(t, m, "a", "two")
	})
	it(t, "keeps a key as long as the entry that was set last", func(t *testing.T) {
		m := cache.NewStore(10).NewMemory()
		m.Set("a", entry("one", time.Minute))
		m.Set("a", entry("two", time.Hour))
		time.Sleep(30 * time.Minute)
		wantValue(t, m, "a", "two")
		m.Set("a", entry("three", time.Minute))
		time.Sleep(2 * time.Minute)
		wantValue(t, m, "a", nil)
	})
	it(t, "does not store an entry that is gone, but removes the previous one", func(t *testing.T) {
		for name, d := range map[string]time.Duration{"just now": 0, "a nanosecond ago": -1, "long ago": -time.Hour} {
			s := cache.NewStore(10)
			m := s.NewMemory()
			m.Set("a", entry("one", time.Minute))
			m.Set("a", entry("gone "+name, d))
			wantValue(t, m, "a", nil)
			m.Set("b", &cache.Entry{Value: "without spans"})
			wantValue(t, m, "b", nil)
			wantEntries(t, s, 0, 0)
			time.Sleep(time.Hour) // and it does not live for ever
			wantValue(t, m, "a", nil)
		}
	})
	it(t, "removes all its keys, and none of other memories", func(t *testing.T) {
		s := cache.NewStore(4)
		a, b := s.NewMemory(), s.NewMemory()
		fill(a, 0, 2)
		fill(b, 0, 2)
		a.Clear()
		wantValue(t, a, "0", nil)
		wantValue(t, b, "0", 0)
		wantEntries(t, s, 2, 0)
		fill(a, 2, 4) // into the room it has left
		wantEntries(t, s, 4, 0)
	})
	it(t, "gives each version once, over all its memories", func(t *testing.T) {
		s := cache.NewStore(1)
		seen := map[uint64]bool{0: true}
		for range 100 {
			v := s.NextVersion()
			if seen[v] {
				t.Fatalf("version %d was given out before", v)
			}
			seen[v] = true
		}
	})
}

func fill(m *cache.Memory, from, to int) {
	for n := from; n < to; n++ {
		m.Set(fmt.Sprint(n), entry(n, time.Hour))
	}
}

func TestBound(t *testing.T) {
	it(t, "is for all memories together", func(t *testing.T) {
		s := cache.NewStore(100)
		memories := []*cache.Memory{s.NewMemory(), s.NewMemory(), s.NewMemory()}
		for n := range 1000 {
			memories[n%3].Set(fmt.Sprint(n), entry(n, time.Hour))
			if got := s.Entries(); got > 100 {
				t.Fatalf("entries = %d after %d sets, want 100 at most", got, n+1)
			}
		}
		wantEntries(t, s, 100, 900)
		for n := 900; n < 1000; n++ { // none was read: the oldest were evicted
			wantValue(t, memories[n%3], fmt.Sprint(n), n)
		}
	})
	it(t, "is at least one entry", func(t *testing.T) {
		s := cache.NewStore(0)
		m := s.NewMemory()
		fill(m, 0, 10)
		wantEntries(t, s, 1, 9)
		wantValue(t, m, "9", 9)
	})
	it(t, "evicts an entry that was read only at the second pass", func(t *testing.T) {
		s := cache.NewStore(10)
		m := s.NewMemory()
		fill(m, 0, 10)
		m.Get("3")
		m.Get("7")
		fill(m, 10, 18)
		wantValue(t, m, "3", 3)
		wantValue(t, m, "7", 7)
		wantValue(t, m, "0", nil)
		wantValue(t, m, "9", nil)
		wantEntries(t, s, 10, 8)
	})
	it(t, "evicts it then if it was not read again", func(t *testing.T) {
		m := cache.NewStore(10).NewMemory()
		fill(m, 0, 10)
		m.Get("3")
		fill(m, 10, 30)
		wantValue(t, m, "3", nil)
	})
	it(t, "keeps entries that are read during a scan of others", func(t *testing.T) {
		m := cache.NewStore(100).NewMemory()
		m.Set("hot", entry("hot", time.Hour))
		for n := range 10_000 {
			fill(m, n, n+1)
			if n%50 == 0 {
				wantValue(t, m, "hot", "hot")
			}
		}
	})
	it(t, "is kept even if all entries were read", func(t *testing.T) {
		s := cache.NewStore(1000)
		m := s.NewMemory()
		fill(m, 0, 1000)
		for n := range 1000 {
			m.Get(fmt.Sprint(n))
		}
		fill(m, 1000, 1001)
		wantEntries(t, s, 1000, 1)
		wantValue(t, m, "1000", 1000)
	})
	it(t, "evicts the older node of a key that was deleted and set again", func(t *testing.T) {
		s := cache.NewStore(3)
		m := s.NewMemory()
		fill(m, 0, 1) // the first slot
		m.Delete("0")
		fill(m, 0, 1) // the second slot of the same key
		fill(m, 1, 2)
		wantEntries(t, s, 2, 0)
		fill(m, 2, 3) // the first slot is free: no entry is evicted
		wantEntries(t, s, 3, 0)
		for n := range 3 {
			wantValue(t, m, fmt.Sprint(n), n)
		}
	})
	it(t, "takes the place of deleted and expired entries first, and does not count them as evictions", func(t *testing.T) {
		s := cache.NewStore(4)
		m := s.NewMemory()
		m.Set("short", entry("short", time.Minute))
		m.Get("short") // it was read, but that is no use any more
		fill(m, 0, 3)
		time.Sleep(2 * time.Minute)
		wantEntries(t, s, 4, 0)
		fill(m, 3, 4)
		wantEntries(t, s, 4, 0)
		for n := range 4 {
			wantValue(t, m, fmt.Sprint(n), n)
		}
	})
	it(t, "is kept if a key expires and is set again many times", func(t *testing.T) {
		s := cache.NewStore(5)
		m := s.NewMemory()
		for n := range 100 {
			m.Set("a", entry(n, time.Second))
			wantValue(t, m, "a", n)
			time.Sleep(2 * time.Second)
		}
		if got := s.Entries(); got > 5 {
			t.Errorf("entries = %d, want 5 at most", got)
		}
		fill(m, 0, 5)
		wantEntries(t, s, 5, 0)
	})
}

func TestBytes(t *testing.T) {
	sized := func(size int, d time.Duration) *cache.Entry {
		e := entry("value", d)
		e.Size = size
		return e
	}
	it(t, "is the sum of the entries' sizes", func(t *testing.T) {
		const bound = 20
		s := cache.NewStore(bound)
		memories := []*cache.Memory{s.NewMemory(), s.NewMemory()}
		held := func() (bytes int) {
			for _, m := range memories {
				for key := range 2 * bound {
					if e := m.Get(fmt.Sprint(key)); e != nil {
						bytes += e.Size
					}
				}
			}
			return bytes
		}
		for n := range 10_000 {
			m, key := memories[rand.IntN(2)], fmt.Sprint(rand.IntN(2*bound))
			switch rand.IntN(12) {
			case 0:
				m.Delete(key)
			case 1:
				m.Set(key, sized(rand.IntN(1000), 0))
			case 2:
				if rand.IntN(20) == 0 {
					m.Clear()
				}
			default:
				m.Set(key, sized(rand.IntN(1000), time.Hour))
			}
			if got, want := s.Bytes(), held(); got != want {
				t.Fatalf("bytes = %d after %d steps, want %d", got, n+1, want)
			}
		}
	})
	it(t, "excludes an expired entry when its room is needed", func(t *testing.T) {
		s := cache.NewStore(4)
		m := s.NewMemory()
		for n := range 4 {
			m.Set(fmt.Sprint(n), sized(100, time.Minute))
		}
		time.Sleep(time.Hour)
		m.Set("0", sized(1, time.Minute)) // in the place of an old one
		m.Delete("1")
		m.Clear()
		for n := range 4 {
			m.Set(fmt.Sprint("new", n), sized(1, time.Minute))
		}
		if got := s.Bytes(); got != 4 {
			t.Errorf("bytes = %d, want 4", got)
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	const bound, workers, rounds = 64, 8, 5000
	s := cache.NewStore(bound)
	memories := []*cache.Memory{s.NewMemory(), s.NewMemory(), s.NewMemory()}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range rounds {
				m := rand.IntN(len(memories))
				key := fmt.Sprint(rand.IntN(3 * bound))
				switch rand.IntN(10) {
				case 0:
					memories[m].Delete(key)
				case 1, 2, 3:
					memories[m].Set(key, entry([2]any{m, key}, time.Duration(rand.IntN(int(time.Millisecond)))))
				default:
					if e := memories[m].Get(key); e != nil && e.Value != [2]any{m, key} {
						t.Errorf("memory %d has %v under %q", m, e.Value, key)
					}
				}
				if got := s.Entries(); got > bound {
					t.Errorf("entries = %d, want %d at most", got, bound)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkGet(b *testing.B) {
	m := cache.NewStore(100_000).NewMemory()
	keys := make([]string, 100_000)
	for n := range keys {
		keys[n] = fmt.Sprint(n)
		m.Set(keys[n], entry(n, time.Hour))
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		m.Get(keys[n%len(keys)])
		n += 7919
	}
}

func BenchmarkSetAndEvict(b *testing.B) {
	const bound = 100_000
	m := cache.NewStore(bound).NewMemory()
	keys := make([]string, 4*bound)
	for n := range keys {
		keys[n] = fmt.Sprint(n)
	}
	e := entry(0, time.Hour)
	for _, key := range keys[:bound] {
		m.Set(key, e)
	}
	b.ReportAllocs()
	n := bound
	for b.Loop() {
		m.Set(keys[n%len(keys)], e)
		n++
	}
}
