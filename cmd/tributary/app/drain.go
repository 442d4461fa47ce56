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

// silentGrace is how long a connection without a request stays open once the
// listener is closed: time to read a request that the kernel has received
// already, and no more.
const silentGrace = 100 * time.Millisecond

// drainable is a server that stops without losing requests on connections that
// its clients keep.
type drainable struct {
	*http.Server
	draining *atomic.Bool
	silent   sync.Map // of net.Conn: no request has come on them yet
}

// newDrainable changes server: once draining is true, each of its answers closes
// the connection that it is sent on.
func newDrainable(server *http.Server, draining *atomic.Bool) *drainable {
	d := &drainable{Server: server, draining: draining}
	server.Handler = closeWhile(draining, server.Handler)
	server.ConnState = d.track
	// Shutdown calls this when the listener is closed. It would itself wait five
	// seconds for the first request of a connection.
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

// drain announces the end in /readyz and in every answer, and goes on serving
// for the delay, so that load balancers and clients can turn to another replica.
// Then it closes the listener, and waits for requests in flight until ctx is
// done; what is still running then is cut off.
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

// closeWhile adds Connection: close to answers that begin while closing is true,
// also to those of requests that came before. The client then opens another
// connection for its next request, instead of sending it on one that is about to
// be closed. http.Server's SetKeepAlivesEnabled(false) is no alternative: it
// closes idle connections at once, on which a request may be on its way.
func closeWhile(closing *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cw := &closingWriter{w, closing}
		next.ServeHTTP(cw, r)
		cw.mark() // no effect unless the handler has written nothing
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
	if status >= http.StatusOK { // an interim answer says nothing about the connection
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
	_ = http.NewResponseController(w.ResponseWriter).Flush() // as http.Flusher, which has no error
}

// Unwrap is for http.ResponseController.
func (w *closingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// exit is the time that ending takes at most, SHUTDOWN_TIMEOUT, from the first
// of its steps on. Each step leaves some of it to those that follow.
type exit struct {
	timeout time.Duration
	end     func() time.Time
}

func newExit(timeout time.Duration) *exit {
	return &exit{timeout, sync.OnceValue(func() time.Time { return time.Now().Add(timeout) })}
}

// reserve is kept for closing and flushing when requests take all the time.
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

// closeAll calls the functions side by side and waits for them until ctx is
// done. The error names those that have not returned by then.
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

// flush sends what telemetry there is, within five seconds and until ctx is
// done. Losing it is logged, and is no failure: no request was harmed.
func flush(ctx context.Context, tel *telemetry.Telemetry, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- tel.Shutdown(ctx) }()
	var err error
	select {
	case err = <-sent:
	case <-ctx.Done(): // an exporter may not look at ctx
		err = ctx.Err()
	}
	if err != nil {
		log.Warn("the last telemetry was not exported: " + telemetry.Reason(err))
	}
}
