package upstream_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tributary/cache"
	"tributary/cache/redistest"
	"tributary/upstream"
)

// replica is one more process with the same Redis and the same upstream.
func replica(t *testing.T, redis *redistest.Server, server *httptest.Server, changes ...func(*config, *spec)) (*upstream.Upstream, source) {
	t.Helper()
	r, err := cache.NewRedis(cache.RedisConfig{URL: redis.PatientURL(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	var s spec // not mutable: nothing is invalidated when the subscription begins
	up := open(t, nil, func(c *config) {
		c.BaseURL, _ = url.Parse(server.URL)
		c.Redis = r
		c.Policies.Timeout, c.FetchBudget = time.Minute, 2*time.Minute // a loaded machine takes its time
		for _, change := range changes {
			change(c, &s)
		}
	})
	return up, things(up, func(to *spec) { to.Mutable, to.Group = s.Mutable, s.Group })
}

// counted answers with the number of the request.
func counted(t *testing.T) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		_, _ = io.WriteString(w, strings.TrimPrefix(r.URL.Path, "/things/"))
	}))
	t.Cleanup(server.Close)
	return server, &n
}

func TestSecondTier(t *testing.T) {
	t.Run("spares a replica what another has asked", func(t *testing.T) {
		redis := redistest.Start(t)
		server, requests := counted(t)
		mutable := func(_ *config, s *spec) { s.Mutable = true }
		_, first := replica(t, redis, server, mutable)
		_, second := replica(t, redis, server, mutable)
		want(t, ask(first, "a"), upstream.Live, "")
		deadline := time.Now().Add(20 * time.Second) // the answer is shared after it was given
		for got := ask(second, "a"); got.State != upstream.Cached || got.Value != "a"; got = ask(second, "a") {
			second.Remove("a")
			if want(t, ask(first, "a"), upstream.Live, ""); time.Now().After(deadline) {
				t.Fatalf("answer = %q, %s; want a, cached", got.Value, got.State)
			}
		}
		if requests.Load() > 50 {
			t.Errorf("requests = %d, want about one", requests.Load())
		}
	})
	t.Run("gives an old answer to a replica that has none", func(t *testing.T) {
		redis := redistest.Start(t)
		server, _ := counted(t)
		stale := func(c *config, _ *spec) {
			c.Lifetimes = cache.Lifetimes{StaleFor: time.Hour}
			c.Policies.RetryDelay, c.Policies.RetryMaxDelay = time.Millisecond, time.Millisecond
		}
		up, first := replica(t, redis, server, stale)
		want(t, ask(first, "a"), upstream.Live, "")
		up.Close() // which waits until the answer is shared
		server.Close()
		_, second := replica(t, redis, server, stale)
		want(t, ask(second, "a"), upstream.Stale, upstream.CodeConnection)
		if got := ask(second, "a"); got.State != upstream.Stale || got.Attempts != 0 {
			t.Errorf("asked again = %s, %d attempts; want stale at once", got.State, got.Attempts)
		}
	})
	t.Run("is served while it is refreshed", func(t *testing.T) {
		redis := redistest.Start(t)
		server, _ := counted(t)
		revalidating := func(c *config, _ *spec) {
			c.Lifetimes = cache.Lifetimes{RevalidateFor: time.Hour, StaleFor: 2 * time.Hour}
		}
		up, first := replica(t, redis, server, revalidating)
		want(t, ask(first, "a"), upstream.Live, "")
		up.Close()
		_, second := replica(t, redis, server, revalidating)
		want(t, ask(second, "a"), upstream.Revalidating, "")
	})
	t.Run("is waited for while another replica asks", func(t *testing.T) {
		redis := redistest.Start(t)
		var requests atomic.Int64
		asked, answer := make(chan struct{}), make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if requests.Add(1) == 1 {
				close(asked)
			}
			<-answer
			_, _ = io.WriteString(w, "x")
		}))
		defer server.Close()
		_, first := replica(t, redis, server)
		_, second := replica(t, redis, server)
		got := make(chan upstream.State, 2)
		go func() { got <- ask(first, "a").State }()
		<-asked
		go func() { got <- ask(second, "a").State }()
		close(answer)
		states := []upstream.State{<-got, <-got}
		if requests.Load() != 1 || (states[0] != upstream.Cached && states[1] != upstream.Cached) {
			t.Errorf("requests = %d, states = %v; want one, and one from the other replica", requests.Load(), states)
		}
	})
}

func TestSharedCacheGroups(t *testing.T) {
	redis := redistest.Start(t)
	for name, tt := range map[string]struct {
		first, second string
		state         upstream.State
	}{
		"share what is of one group":                   {"one", "one", upstream.Cached},
		"keep apart what is of two":                    {"two", "three", upstream.Live},
		"keep apart what differs only behind a colon":  {"four:a", "four", upstream.Live},
		"are by name and route where none is given":    {"", "things/things/{name}", upstream.Cached},
		"are not by name and route where one is given": {"", "five", upstream.Live},
	} {
		t.Run(name, func(t *testing.T) {
			server, _ := counted(t)
			key := url.QueryEscape(name)
			group := func(group string) func(*config, *spec) { return func(_ *config, s *spec) { s.Group = group } }
			up, first := replica(t, redis, server, group(tt.first))
			want(t, ask(first, key), upstream.Live, "")
			up.Close() // which waits until the answer is shared
			_, second := replica(t, redis, server, group(tt.second))
			want(t, ask(second, key), tt.state, "")
		})
	}
}
