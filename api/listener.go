package api

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"tributary/api/auth"
	"tributary/telemetry"
)

// noCompression is a header that tells the compressing middleware to leave this answer
// alone. It removes the header.
const noCompression = gzhttp.HeaderNoCompression

const (
	heartbeat     = 15 * time.Second // between comments
	writingBudget = 5 * time.Second  // for a client to take an event; a slower one is dropped
)

// listener writes the updates of a feed to one client.
type listener struct {
	server     *server
	w          http.ResponseWriter
	connection *http.ResponseController
	feed       *feed
	closed     <-chan struct{} // closed when the endpoint is no longer served
}

// serve writes events until the client disconnects or is too slow, its token expires,
// or the gateway stops serving the stream.
func (l *listener) serve(r *http.Request) {
	ctx := r.Context()
	l.server.metrics.streams.Add(ctx, 1)
	defer l.server.metrics.streams.Add(ctx, -1)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	expired, stop := expiry(ctx)
	defer stop()

	sent := r.Header.Get("Last-Event-ID")
	next := []byte(comment) // also when there is no event yet: it carries the headers
	for {
		n, changed := l.feed.current()
		if n.id != sent {
			sent, next = n.id, n.event()
			l.count(ctx, n)
		}
		if next != nil && !l.write(ctx, next) {
			return
		}
		telemetry.Began(ctx)
		next = nil
		select {
		case <-changed:
		case <-beat.C:
			next = []byte(comment)
		case <-ctx.Done():
			return
		case <-expired:
			l.end(ctx)
			return
		case <-l.closed:
			l.end(ctx)
			return
		case <-l.server.streams.ending:
			l.end(ctx)
			return
		}
	}
}

// expiry is a channel that gets a value when the caller's token expires; nil for
// callers without one.
func expiry(ctx context.Context) (expired <-chan time.Time, stop func()) {
	_, at, ok := auth.FromContext(ctx).Token()
	if !ok {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(at))
	return timer.C, func() { timer.Stop() }
}

// count counts an answer that is sent.
func (l *listener) count(ctx context.Context, n *update) {
	if n.err != nil {
		return
	}
	factsOf(ctx).degraded = n.degraded
	l.server.metrics.countAnswer(ctx, n.degraded)
}

// end asks the client to come back after 1 to 5 seconds: not all clients at once.
func (l *listener) end(ctx context.Context) {
	l.write(ctx, newRetry(time.Second+rand.N(4*time.Second)))
}

// write sends text now. It reports whether the client has taken it in time. The server
// cancels ctx when a write fails.
func (l *listener) write(ctx context.Context, text []byte) bool {
	start := time.Now()
	_ = l.connection.SetWriteDeadline(start.Add(writingBudget))
	_, err := l.w.Write(text)
	if err == nil {
		err = l.connection.Flush()
	}
	if slow := time.Since(start) >= writingBudget; slow {
		l.server.metrics.dropped.Add(ctx, 1)
		return false
	}
	return err == nil
}
