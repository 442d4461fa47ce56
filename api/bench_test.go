package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"tributary/telemetry"
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
func BenchmarkFreshHit(b *testing.B) { benchmarkFreshHit(b, slog.New(slog.DiscardHandler), nil) }

// BenchmarkFreshHitWithStory is BenchmarkFreshHit while the console is on.
func BenchmarkFreshHitWithStory(b *testing.B) {
	benchmarkFreshHit(b, slog.New(slog.DiscardHandler), story.NewRecorder())
}

// BenchmarkFreshHitWithAccessLog is BenchmarkFreshHit with the default level of the log.
func BenchmarkFreshHitWithAccessLog(b *testing.B) {
	benchmarkFreshHit(b, telemetry.NewLogger(io.Discard, slog.LevelInfo, telemetry.JSON), nil)
}

func benchmarkFreshHit(b *testing.B, log *slog.Logger, stories *story.Recorder) {
	g := newGateway(b, func(s *setup) { s.Logger, s.stories = log, stories })
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
			before := cpuTime(b)
			for b.Loop() {
				w.status = http.StatusOK
				clear(w.header)
				g.handler.ServeHTTP(w, r)
			}
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
			if w.status != c.want {
				b.Fatalf("status = %d, want %d", w.status, c.want)
			}
		})
	}
}

// cpuTime is the CPU time of the process so far, the collector's included. On a machine
// with other work it tells more than the time that passes.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
