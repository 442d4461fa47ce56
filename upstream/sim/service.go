package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxBody = 1 << 20 // bytes of a request's body

	// dripDelay is slow enough that the shortest good answer takes longer than
	// any sensible time-out.
	dripDelay = 100 * time.Millisecond
)

// service is a provider at its port, with the fault that lies upon it.
type service struct {
	provider
	addr  string // where it listens, and comes back to
	open  listenFunc
	url   string
	log   *slog.Logger
	spans *tracing
	calls atomic.Int64
	fault atomic.Pointer[activeFault]

	mu     sync.Mutex // one change at a time
	server *server    // nil while down
	closed bool
}

// activeFault is a fault from the moment it is set until the next one is.
type activeFault struct {
	Fault
	over chan struct{} // closed when another takes its place
}

func newService(p provider, ln net.Listener, url string, cfg Config) *service {
	s := &service{provider: p, addr: ln.Addr().String(), open: cfg.Listen, url: url, log: cfg.Logger, spans: newTracing(cfg.Tracer, p.name)}
	s.fault.Store(&activeFault{Fault{}.withDefaults(), make(chan struct{})})
	s.server = serve(ln, s, s.log)
	return s
}

// setFault replaces the fault. A provider that was down listens again before
// this returns; one that goes down has lost every connection.
func (s *service) setFault(f Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("the simulator is closed")
	}
	var reopened net.Listener
	if f.Mode != ModeDown && s.server == nil {
		ln, err := s.open("tcp", s.addr)
		if err != nil {
			return err
		}
		reopened = ln
	}
	before := s.fault.Swap(&activeFault{f, make(chan struct{})})
	close(before.over)
	if reopened != nil {
		s.server = serve(reopened, s, s.log)
	}
	if f.Mode == ModeDown && s.server != nil {
		err := s.server.close()
		s.server = nil
		return err
	}
	return nil
}

func (s *service) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.server == nil {
		return nil
	}
	err := s.server.close()
	s.server = nil
	return err
}

// ServeHTTP carries a request out, waits, and delivers the answer as the fault
// will have it. The fault is the one of the request's arrival.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := s.fault.Load()
	s.calls.Add(1)
	span := s.spans.start(r)
	defer span.End()
	// The body is read first: net/http notices that a client has gone only
	// once there is nothing left to read.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		answered(span, http.StatusRequestEntityTooLarge, "")
		s.fail(http.StatusRequestEntityTooLarge).write(w)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	refused := f.fails()
	var a answer
	if refused {
		a = f.refuse(s.provider)
	} else {
		a = s.answer(r)
	}
	if !wait(r.Context(), f.delay()) {
		answered(span, 0, faultLatency)
		return // the client left first
	}
	answered(span, f.sends(a.status, refused), f.acting(refused))
	if refused {
		a.write(w)
		return
	}
	f.deliver(w, r, a, s.contentType)
}

// refuse is the error of error_rate, in the provider's words.
func (f *activeFault) refuse(p provider) answer {
	a := p.fail(f.Status)
	if f.RetryAfterS > 0 {
		a = a.with("Retry-After", strconv.Itoa(f.RetryAfterS))
	}
	return a
}

// sends is the status that a client gets to see, 0 for none.
func (f *activeFault) sends(status int, refused bool) int {
	if refused {
		return status
	}
	switch f.Mode {
	case ModeHang, ModeReset, ModeDown:
		return 0
	case ModeGarbage:
		return http.StatusOK
	}
	return status
}

// deliver sends a good answer in the fault's mode.
func (f *activeFault) deliver(w http.ResponseWriter, r *http.Request, a answer, contentType string) {
	switch f.Mode {
	case ModeHang:
		select {
		case <-f.over:
		case <-r.Context().Done():
		}
		hangUp(w, false)
	case ModeReset:
		hangUp(w, true)
	case ModeTruncate:
		a.writeHead(w)
		_, _ = w.Write(a.body[:len(a.body)/2]) // net/http then closes the connection, as the promise is broken
	case ModeGarbage:
		bytesAnswer(http.StatusOK, contentType, []byte(garbage)).write(w)
	case ModeDrip:
		f.drip(w, r, a)
	case ModeDown: // arrived while the door was closing
		hangUp(w, false)
	default:
		a.write(w)
	}
}

// drip sends a byte at a time until the client or the fault has gone.
func (f *activeFault) drip(w http.ResponseWriter, r *http.Request, a answer) {
	tick := time.NewTicker(dripDelay)
	defer tick.Stop()
	flusher := http.NewResponseController(w)
	a.writeHead(w)
	for i := range a.body {
		if flusher.Flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-f.over:
			return
		case <-r.Context().Done():
			return
		}
		if _, err := w.Write(a.body[i : i+1]); err != nil {
			return
		}
	}
}

// hangUp ends a connection without an answer; with a reset, the client is told
// so by RST instead of FIN.
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // it has ended already
	}
	if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok && reset { // *net.TCPConn, or a test's
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// wait reports false if the client left first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// garbage is what a broken proxy sends with somebody else's content type.
const garbage = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n" +
	"<body><center><h1>502 Bad Gateway</h1></center>\x00\xff\xfe</body></html>\n"
