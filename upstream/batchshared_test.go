package upstream_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tributary/cache"
	"tributary/cache/redistest"
	"tributary/upstream"
)

// library answers over the network with the texts of what is asked for, but for
// what is lost, and records the names.
type library struct {
	*httptest.Server

	mu   sync.Mutex
	seen [][]string
	lost []string
}

func newLibrary(t *testing.T) *library {
	l := &library{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		names := asked(r)
		l.seen = append(l.seen, names)
		texts := map[string]string{}
		for _, name := range names {
			if !slices.Contains(l.lost, name) {
				texts[name] = "text of " + name
			}
		}
		_ = json.NewEncoder(w).Encode(texts)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *library) lose(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = append(l.lost, name)
}

// last are the names of the last request, and how many requests there were.
func (l *library) last() (names string, requests int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.seen[len(l.seen)-1], " "), len(l.seen)
}

func TestBatchSharedCache(t *testing.T) {
	redis := redistest.Start(t)
	// once asks in a replica of its own, which is closed when its answers are shared.
	once := func(l *library, group string, lives cache.Lifetimes, qs ...string) []answer {
		up, _ := replica(t, redis, l.Server, func(c *config, _ *spec) { c.Lifetimes = lives })
		defer up.Close()
		return askAll(many(up, func(s *batchSpec) { s.Group = group }), qs)
	}
	hour := cache.Lifetimes{FreshFor: time.Hour, StaleFor: time.Hour}
	t.Run("spares a replica the keys that another has asked", func(t *testing.T) {
		l := newLibrary(t)
		wantAll(t, once(l, "spares", hour, "a", "b"), upstream.Live, "")
		got := once(l, "spares", hour, "a", "c", "b")
		wantTexts(t, []string{"a", "c", "b"}, got)
		want(t, got[0], upstream.Cached, "")
		want(t, got[1], upstream.Live, "")
		want(t, got[2], upstream.Cached, "")
		if names, requests := l.last(); names != "c" || requests != 2 {
			t.Errorf("the last of %d requests was for %s, want 2, and c", requests, names)
		}
		wantAll(t, once(l, "spares", hour, "c", "a", "b"), upstream.Cached, "")
	})
	t.Run("keeps groups apart", func(t *testing.T) {
		l := newLibrary(t)
		once(l, "one", hour, "a")
		wantAll(t, once(l, "two", hour, "a"), upstream.Live, "")
	})
	t.Run("serves an old answer of another replica when asking fails", func(t *testing.T) {
		l := newLibrary(t)
		stale := cache.Lifetimes{StaleFor: time.Hour}
		once(l, "stale", stale, "a", "b")
		l.Close()
		got := once(l, "stale", stale, "a", "b", "c")
		wantAll(t, got[:2], upstream.Stale, upstream.CodeConnection)
		want(t, got[2], upstream.Failed, upstream.CodeConnection)
	})
	t.Run("has nothing of what does not exist any more", func(t *testing.T) {
		l := newLibrary(t)
		stale := cache.Lifetimes{StaleFor: time.Hour}
		once(l, "gone", stale, "a", "b")
		l.lose("a")
		got := once(l, "gone", stale, "a", "b")
		want(t, got[0], upstream.Skipped, upstream.CodeNotFound)
		want(t, got[1], upstream.Live, "")
		l.Close()
		got = once(l, "gone", stale, "a", "b")
		want(t, got[0], upstream.Failed, upstream.CodeConnection)
		want(t, got[1], upstream.Stale, upstream.CodeConnection)
	})
	t.Run("is asked once for many keys", func(t *testing.T) {
		l := newLibrary(t)
		before := commands(t, redis)
		once(l, "many", hour, numbered(0, 50)...)
		if n := commands(t, redis) - before; n > 1 {
			t.Errorf("%d MGETs for 50 keys, want one", n)
		}
	})
}

// commands is how many MGETs a Redis has got.
func commands(t *testing.T, redis *redistest.Server) (n int) {
	t.Helper()
	stats := redis.Client().Info(t.Context(), "commandstats").Val()
	for line := range strings.SplitSeq(stats, "\r\n") {
		if rest, ok := strings.CutPrefix(line, "cmdstat_mget:calls="); ok {
			for _, digit := range rest[:strings.IndexByte(rest, ',')] {
				n = 10*n + int(digit-'0')
			}
		}
	}
	return n
}
