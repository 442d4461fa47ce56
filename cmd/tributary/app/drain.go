package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tributary/telemetry"
)

// silentGrace is how long a connection without a request stays open after the
// listener is closed. A request that the kernel has already received can still be
// read.
const silentGrace = 100 * time.Millisecond

// drainable is a server that stops without losing requests on keep-alive
// connections.
type drainable struct {
	*http.Server
	draining *atomic.Bool
	silent   sync.Map // the connections, net.Conn, without a request so far
}

// newDrainable changes server: while draining is true, each answer closes its
// connection.
func newDrainable(server *http.Server, draining *atomic.Bool) *drainable {
	d := &drainable{Server: server, draining: draining}
	server.Handler = closeWhile(draining, server.Handler)
	server.ConnState = d.track
	// Shutdown calls this after it closed the listener. Without it, Shutdown waits
	// five seconds for the first request of each silent connection.
	server.RegisterOnShutdown(func() { time.AfterFunc(silentGrace, d.closeSilent) })
	return d
}

func (d *drainable) track(c net.Conn, state http.ConnState) {
	if state == http.StateNew {
		d.silent.Store(c, nil)
		return
	}
	d.silent.Delete(c)
}

func (d *drainable) closeSilent() {
	d.silent.Range(func(c, _ any) bool {
		c.(net.Conn).Close()
		return true
	})
}

// drain makes /readyz answer 503 and every answer say Connection: close, and keeps
// serving for the delay, so that load balancers and clients move to another replica.
// Then it closes the listener and waits for the requests in flight. At the end of
// their time it closes their connections.
func (d *drainable) drain(delay time.Duration, exit *exit) error {
	d.draining.Store(true)
	time.Sleep(delay)
	ctx, cancel := exit.forRequests()
	defer cancel()
	err := d.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		d.Close()
		return fmt.Errorf("requests in flight were cut off at the end of SHUTDOWN_TIMEOUT, %s", exit.timeout)
	}
	return err
}

// closeWhile adds Connection: close to each answer that begins while closing is true,
// even if its request arrived earlier. The client then opens another connection for
// its next request. Server.SetKeepAlivesEnabled(false) would close idle connections at
// once, and lose a request that a client is just sending on one.
func closeWhile(closing *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cw := &closingWriter{w, closing}
		next.ServeHTTP(cw, r)
		cw.mark() // for a handler that has written nothing; otherwise it has no effect
	})
}

type closingWriter struct {
	http.ResponseWriter
	closing *atomic.Bool
}

func (w *closingWriter) mark() {
	if w.closing.Load() {
		w.Header().Set("Connection", "close")
	}
}

func (w *closingWriter) WriteHeader(status int) {
	if status >= http.StatusOK { // not on 1xx, after which the connection stays open
		w.mark()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *closingWriter) Write(b []byte) (int, error) {
	w.mark()
	return w.ResponseWriter.Write(b)
}

func (w *closingWriter) Flush() {
	w.mark()
	_ = http.NewResponseController(w.ResponseWriter).Flush() // http.Flusher returns no error
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *closingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// exit divides SHUTDOWN_TIMEOUT between the steps of a shutdown: waiting for requests,
// closing, flushing telemetry. Each step ends early enough to leave time for the next.
type exit struct {
	timeout time.Duration
	end     func() time.Time // the time-out begins with the first call
}

func newExit(timeout time.Duration) *exit {
	return &exit{timeout, sync.OnceValue(func() time.Time { return time.Now().Add(timeout) })}
}

// reserve is the time left for closing and flushing, however long requests take.
func (e *exit) reserve() time.Duration { return min(e.timeout/10, time.Second) }

func (e *exit) forRequests() (context.Context, context.CancelFunc) {
	return context.WithDeadline(context.Background(), e.end().Add(-e.reserve()))
}

func (e *exit) forClosing() (context.Context, context.CancelFunc) {
	return context.WithDeadline(context.Background(), e.end().Add(-e.reserve()/2))
}

func (e *exit) forFlushing() (context.Context, context.CancelFunc) {
	return context.WithDeadline(context.Background(), e.end().Add(-e.reserve()/10))
}

// closeAll calls all functions concurrently and waits until they return or ctx is
// done. The error then names those that have not returned.
func closeAll(ctx context.Context, parts map[string]func()) error {
	closed := make(chan string, len(parts))
	for name, end := range parts {
		go func() {
			end()
			closed <- name
		}()
	}
	open := maps.Clone(parts)
	for len(open) > 0 {
		select {
		case name := <-closed:
			delete(open, name)
		case <-ctx.Done():
			return fmt.Errorf("not closed at the end of SHUTDOWN_TIMEOUT: %s", strings.Join(slices.Sorted(maps.Keys(open)), ", "))
		}
	}
	return nil
}

// flush exports the remaining telemetry, for five seconds at most and not longer than
// ctx. A failure is only logged, because no request depends on it.
func flush(ctx context.Context, tel *telemetry.Telemetry, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- tel.Shutdown(ctx) }()
	var err error
	select {
	case err = <-sent:
	case <-ctx.Done(): // an exporter may ignore ctx
		err = ctx.Err()
	}
	if err != nil {
		log.Warn("the last telemetry was not exported: " + telemetry.Reason(err))
	}
}
