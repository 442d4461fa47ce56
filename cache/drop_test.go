package cache_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
	"weak"

	"tributary/cache"
	"tributary/cache/redistest"
)

func TestDrop(t *testing.T) {
	it(t, "ends a memory and leaves the others as they are", func(t *testing.T) {
		s := cache.NewStore(6)
		kept, dropped := s.NewMemory(), s.NewMemory()
		fill(kept, 0, 3)
		fill(dropped, 0, 3)
		s.Drop(dropped)
		wantEntries(t, s, 3, 0)
		wantValue(t, dropped, "0", nil)
		fill(dropped, 0, 3)
		wantValue(t, dropped, "0", nil)
		fill(kept, 3, 6)
		wantEntries(t, s, 6, 0)
		for n := range 6 {
			wantValue(t, kept, fmt.Sprint(n), n)
		}
		s.Drop(dropped)
		wantEntries(t, s, 6, 0)
	})
	it(t, "frees the room of entries that have expired", func(t *testing.T) {
		s := cache.NewStore(4)
		m := s.NewMemory()
		e := entry("old", time.Second)
		e.Size = 7
		m.Set("a", e)
		time.Sleep(time.Minute)
		fill(m, 0, 3)
		s.Drop(m)
		if s.Entries() != 0 || s.Bytes() != 0 {
			t.Errorf("entries = %d of %d bytes, want none", s.Entries(), s.Bytes())
		}
		fill(s.NewMemory(), 0, 4)
		wantEntries(t, s, 4, 0)
	})
	it(t, "leaves a store that still bounds and counts what the others hold", func(t *testing.T) {
		const bound = 16
		s := cache.NewStore(bound)
		memories := []*cache.Memory{s.NewMemory(), s.NewMemory(), s.NewMemory()}
		for n := range 5000 {
			at := rand.IntN(len(memories))
			if rand.IntN(40) == 0 {
				s.Drop(memories[at])
				memories[at] = s.NewMemory()
			}
			key := fmt.Sprint(rand.IntN(2 * bound))
			e := entry(n, time.Hour)
			e.Size = 1 + rand.IntN(9)
			memories[at].Set(key, e)
			wantValue(t, memories[at], key, n)
			entries, bytes := 0, 0
			for _, m := range memories {
				for key := range 2 * bound {
					if e := m.Get(fmt.Sprint(key)); e != nil {
						entries++
						bytes += e.Size
					}
				}
			}
			if s.Entries() != entries || s.Bytes() != bytes || entries > bound {
				t.Fatalf("the store counts %d entries of %d bytes, its memories hold %d of %d; at most %d", s.Entries(), s.Bytes(), entries, bytes, bound)
			}
		}
	})
}

func TestDroppedMemoryIsFreed(t *testing.T) {
	s := cache.NewStore(100)
	other := s.NewMemory()
	var memories []weak.Pointer[cache.Memory]
	for range 50 {
		m := s.NewMemory()
		fill(m, 0, 10)
		fill(other, 0, 10)
		m.Delete("0") // its place in the ring is still the memory's
		s.Drop(m)
		memories = append(memories, weak.Make(m))
	}
	runtime.GC()
	for n, m := range memories {
		if m.Value() != nil {
			t.Fatalf("the store still holds memory %d of %d, which was dropped", n, len(memories))
		}
	}
	runtime.KeepAlive(s)
}

func TestRedisGroupsAreApart(t *testing.T) {
	r := open(t, redistest.Start(t))
	names := []struct{ group, key string }{
		{"a", "b:c"}, {"a:b", "c"}, {"a%3Ab", "c"}, {"a", "b%3Ac"}, {"a%253Ab", "c"}, {"a:b:c", ""}, {"a", ""},
	}
	for n, at := range names {
		_, stamp, _ := r.Load(t.Context(), at.group, at.key)
		r.Store(t.Context(), at.group, at.key, stamp, fmt.Append(nil, n), time.Minute)
	}
	for n, at := range names {
		if b, _, _ := r.Load(t.Context(), at.group, at.key); string(b) != fmt.Sprint(n) {
			t.Errorf("group %q, key %q: loaded %q, want %d", at.group, at.key, b, n)
		}
	}
}

func TestRedisOnInvalidateEnds(t *testing.T) {
	r := open(t, redistest.Start(t))
	var mu sync.Mutex // messages may come on a goroutine of their own
	first, second := map[string]int{}, map[string]int{}
	count := func(calls map[string]int) func(string, bool) {
		return func(key string, _ bool) {
			mu.Lock()
			defer mu.Unlock()
			calls[key]++
		}
	}
	stopFirst := r.OnInvalidate("group", count(first))
	stopSecond := r.OnInvalidate("group", count(second))
	r.Invalidate(t.Context(), "group", "both", false)
	stopFirst()
	stopFirst()
	r.Invalidate(t.Context(), "group", "one", false)
	stopSecond()
	r.Invalidate(t.Context(), "group", "none", false)
	mu.Lock()
	defer mu.Unlock()
	if first["both"] != 1 || first["one"] != 0 || second["both"] != 1 || second["one"] != 1 || second["none"] != 0 {
		t.Errorf("calls = %v and %v, want each until its stop", first, second)
	}
}
