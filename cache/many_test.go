package cache_test

import (
	"fmt"
	"testing"
	"time"

	"tributary/cache"
	"tributary/cache/redistest"
)

func TestRedisManyKeys(t *testing.T) {
	server := redistest.Start(t)
	r := open(t, server)
	keys := []string{"a", "b", "c", ""}
	storing := func(loaded []cache.Loaded, generation int) (all []cache.Storing) {
		for n, l := range loaded {
			all = append(all, cache.Storing{Key: keys[n], At: l.At, Value: fmt.Append(nil, keys[n], generation), For: time.Minute})
		}
		return all
	}
	wantMany := func(t *testing.T, group string, want ...string) []cache.Loaded {
		t.Helper()
		loaded := r.LoadMany(t.Context(), group, keys)
		for n, l := range loaded {
			if string(l.Value) != want[n] {
				t.Errorf("key %q = %q, want %q", keys[n], l.Value, want[n])
			}
		}
		return loaded
	}
	t.Run("are stored and loaded together and one by one", func(t *testing.T) {
		r.StoreMany(t.Context(), "things", storing(wantMany(t, "things", "", "", "", ""), 1))
		wantMany(t, "things", "a1", "b1", "c1", "1")
		wantMany(t, "others", "", "", "", "")
		stamp := wantLoad(t, r, "b", "b1")
		r.Store(t.Context(), "things", "b", stamp, []byte("B"), time.Minute)
		wantMany(t, "things", "a1", "B", "c1", "1")
	})
	t.Run("are not stored when they were invalidated since they were loaded", func(t *testing.T) {
		stamps := r.LoadMany(t.Context(), "key", keys)
		r.Invalidate(t.Context(), "key", "b", false)
		r.StoreMany(t.Context(), "key", storing(stamps, 2))
		wantMany(t, "key", "a2", "", "c2", "2")
		stamps = r.LoadMany(t.Context(), "key", keys)
		r.Invalidate(t.Context(), "key", "", false)
		r.StoreMany(t.Context(), "key", storing(stamps, 3))
		wantMany(t, "key", "", "", "", "")
	})
	t.Run("are not stored without a stamp or for no time", func(t *testing.T) {
		stamps := r.LoadMany(t.Context(), "never", keys)
		short := storing(stamps, 4)
		for n := range short {
			short[n].For = 0
		}
		r.StoreMany(t.Context(), "never", short)
		r.StoreMany(t.Context(), "never", storing(make([]cache.Loaded, len(keys)), 5))
		wantMany(t, "never", "", "", "", "")
	})
	t.Run("are neither there nor stored while Redis is away", func(t *testing.T) {
		server.Kill()
		loaded := wantMany(t, "things", "", "", "", "")
		server.Run()
		r.StoreMany(t.Context(), "away", storing(loaded, 6))
		wantMany(t, "away", "", "", "", "")
	})
	t.Run("are nothing without Redis", func(t *testing.T) {
		var none *cache.Redis
		if loaded := none.LoadMany(t.Context(), "things", keys); len(loaded) != len(keys) || loaded[0].Value != nil {
			t.Errorf("loaded %v, want nothing for each key", loaded)
		}
		none.StoreMany(t.Context(), "things", nil)
	})
}
