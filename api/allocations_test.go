package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"tributary/telemetry"
	"tributary/telemetry/story"
)

// raceDetector is set where the race detector is on. It allocates too.
var raceDetector bool

// An answer from the cache allocates no more than this. A bound that has to be raised is a
// decision: each allocation is made for every such answer.
func TestAllocationsOfAFreshHit(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	silent := slog.New(slog.DiscardHandler)
	access := telemetry.NewLogger(io.Discard, slog.LevelInfo, telemetry.JSON)
	for name, c := range map[string]struct {
		path, name, value string
		log               *slog.Logger
		stories           *story.Recorder
		status            int
		most              float64
	}{
		"coordinates":         {here, "", "", silent, nil, http.StatusOK, 14},
		"with the access log": {here, "", "", access, nil, http.StatusOK, 14},
		"with a story":        {here, "", "", access, story.NewRecorder(), http.StatusOK, 16},
		"not modified":        {here, "If-None-Match", "*", silent, nil, http.StatusNotModified, 12},
		"a city":              {city, "", "", silent, nil, http.StatusOK, 18},
		"zstd":                {city, "Accept-Encoding", "zstd", silent, nil, http.StatusOK, 21},
		"gzip":                {city, "Accept-Encoding", "gzip", silent, nil, http.StatusOK, 21},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t, func(s *setup) { s.Logger, s.stories = c.log, c.stories })
			g.get(c.path).wantStatus(http.StatusOK)
			r := httptest.NewRequest(http.MethodGet, c.path, nil)
			if c.name != "" {
				r.Header.Set(c.name, c.value)
			}
			w := &discard{header: http.Header{}}
			got := testing.AllocsPerRun(1000, func() {
				w.status = http.StatusOK
				clear(w.header)
				g.handler.ServeHTTP(w, r)
			})
			if w.status != c.status {
				t.Fatalf("status = %d, want %d", w.status, c.status)
			}
			if got > c.most {
				t.Errorf("%v allocations, want %v at most", got, c.most)
			}
		})
	}
}
