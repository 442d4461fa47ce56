package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"tributary/api/admission"
	"tributary/telemetry/story"
)

// discard is a ResponseWriter that discards the answer.
type discard struct {
	header http.Header
	status int
}

func (n *discard) Header() http.Header         { return n.header }
func (n *discard) Write(b []byte) (int, error) { return len(b), nil }
func (n *discard) WriteHeader(status int)      { n.status = status }

// BenchmarkFreshHit measures the whole handler, with routing and headers, for an answer
// from the cache.
func BenchmarkFreshHit(b *testing.B) { benchmarkFreshHit(b, nil) }

// BenchmarkFreshHitWithStory is BenchmarkFreshHit while the console is on.
func BenchmarkFreshHitWithStory(b *testing.B) { benchmarkFreshHit(b, story.NewRecorder()) }

func benchmarkFreshHit(b *testing.B, stories *story.Recorder) {
	g := newGateway(b, func(s *setup) { s.Logger, s.stories = slog.New(slog.DiscardHandler), stories })
	tag := g.get(here).Header.Get("ETag")
	for name, c := range map[string]struct {
		path, name, value string
		want              int
	}{
		"city":         {city, "", "", http.StatusOK},
		"lat and lon":  {here, "", "", http.StatusOK},
		"not modified": {here, "If-None-Match", tag, http.StatusNotModified},
		"zstd":         {city, "Accept-Encoding", "zstd", http.StatusOK},
		"gzip":         {city, "Accept-Encoding", "gzip", http.StatusOK},
	} {
		g.get(c.path).wantStatus(http.StatusOK)
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, c.path, nil)
			if c.name != "" {
				r.Header.Set(c.name, c.value)
			}
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				w.status = http.StatusOK
				clear(w.header)
				g.handler.ServeHTTP(w, r)
			}
			if w.status != c.want {
				b.Fatalf("status = %d, want %d", w.status, c.want)
			}
		})
	}
}

// TestFreshHitAllocates wants an answer from the cache to cost no allocation more with a
// limit on requests that ask upstreams.
func TestFreshHitAllocates(t *testing.T) {
	allocations := func(changes ...func(*setup)) float64 {
		g := newGateway(t, append(changes, func(s *setup) { s.Logger = slog.New(slog.DiscardHandler) })...)
		g.get(here)
		r, w := httptest.NewRequest(http.MethodGet, here, nil), &discard{header: http.Header{}}
		return testing.AllocsPerRun(200, func() {
			clear(w.header)
			g.handler.ServeHTTP(w, r)
		})
	}
	l := admission.New(admission.Config{Most: 100})
	defer l.Close()
	without, with := allocations(), allocations(func(s *setup) { s.Admission = l })
	if with > without {
		t.Errorf("an answer from the cache allocates %v times, without a limit %v times", with, without)
	}
}

// BenchmarkRefusal measures an early refusal, what looking for one costs a fresh hit,
// and, to compare, an answer that three sources are asked for.
func BenchmarkRefusal(b *testing.B) {
	for _, c := range []struct {
		name, path string
		want       int
	}{
		{"of a place", place(1), http.StatusServiceUnavailable},
		{"of a city", "/v1/weather?city=Lima", http.StatusServiceUnavailable},
		{"of a user", one, http.StatusServiceUnavailable},
		{"none, for a fresh hit", here, http.StatusOK},
	} {
		b.Run(c.name, func(b *testing.B) {
			g := newLoaded(b, func(s *setup) { s.Logger = slog.New(slog.DiscardHandler) })
			g.get(here)
			g.wait.Store(int64(time.Second))
			leave, _ := g.limiter.Enter(admission.Single, "")
			defer leave()
			for !g.limiter.Starved() {
				runtime.Gosched() // until the limit does not rise
			}
			defer g.fill()()
			r := httptest.NewRequest(http.MethodGet, c.path, nil)
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				if !g.limiter.Closed() {
					g.limiter.RefuseIfFull(admission.Single)
				}
				clear(w.header)
				w.status = http.StatusOK
				g.handler.ServeHTTP(w, r)
			}
			if w.status != c.want {
				b.Fatalf("status = %d, want %d", w.status, c.want)
			}
		})
	}
	b.Run("none, for an answer of three sources", func(b *testing.B) {
		g := newLoaded(b, func(s *setup) { s.Logger = slog.New(slog.DiscardHandler) })
		w, n := &discard{header: http.Header{}}, 0
		b.ReportAllocs()
		for b.Loop() {
			n++
			clear(w.header)
			w.status = http.StatusOK
			g.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/weather?lat=20&lon="+lonOf(n%18000), nil))
		}
		if w.status != http.StatusOK {
			b.Fatalf("status = %d, want 200", w.status)
		}
	})
}
