package sim

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxBody = 1 << 20 // of a request, in bytes

	// dripDelay makes even the shortest answer take longer than any usual time-out.
	dripDelay = 100 * time.Millisecond
)

// service is a provider with its listener and current fault.
type service struct {
	provider
	http  http.Handler // the service itself, or what Config.Wrap made of it
	addr  string       // where it listens, and comes back to
	open  listenFunc
	url   string
	log   *slog.Logger
	spans *tracing
	draw  *rand.Rand
	calls atomic.Int64
	fault atomic.Pointer[activeFault]

	mu     sync.Mutex  // serialises changes
	server *server     // nil while down
	ending *time.Timer // of a fault that ends by itself; nil: there is none
	closed bool
}

func newService(p provider, ln net.Listener, url string, cfg Config) *service {
	s := &service{provider: p, addr: ln.Addr().String(), open: cfg.Listen, url: url, log: cfg.Logger, spans: newTracing(cfg.Tracer, p), draw: cfg.Rand}
	s.fault.Store(&activeFault{Fault: Fault{}.withDefaults(), over: make(chan struct{})})
	s.http = s
	if cfg.Wrap != nil {
		s.http = cfg.Wrap(p.name, s)
	}
	s.server = serve(ln, s.http, s.log)
	return s
}

func (s *service) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.keepFault()
	if s.server == nil {
		return nil
	}
	err := s.server.close()
	s.server = nil
	return err
}

// ServeHTTP carries out a request, waits, and sends the answer changed by the fault
// that was in effect when the request arrived.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" && forBrowser(r) {
		s.welcome(w)
		return
	}
	f := s.fault.Load().on(r)
	s.calls.Add(1)
	span := s.spans.start(r)
	defer span.End()
	// The body is read first, because net/http notices a disconnected client only after
	// the body was read.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		answered(span, http.StatusRequestEntityTooLarge, "")
		s.fail(http.StatusRequestEntityTooLarge).write(w)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	refused := f.fails(s.draw)
	var a answer
	if refused {
		a = f.refuse(s.provider)
	} else {
		a = s.answer(r)
	}
	if !wait(r.Context(), f.delay(s.draw)) {
		answered(span, 0, faultLatency)
		return // the client has disconnected
	}
	answered(span, f.sends(a.status, refused), f.acting(refused))
	if refused {
		a.write(w)
		return
	}
	f.deliver(w, r, a, s.contentType)
}

// refuse is the error that error_rate causes, in the provider's form.
func (f *activeFault) refuse(p provider) answer {
	a := p.fail(f.Status)
	if p.refuse != nil {
		a = p.refuse(f.Match, f.Status)
	}
	if f.RetryAfterS > 0 {
		a = a.with("Retry-After", strconv.Itoa(f.RetryAfterS))
	}
	return a
}

// sends is the status that the client receives, 0 for none.
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

// deliver sends a successful answer in the fault's mode.
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
		_, _ = w.Write(a.body[:len(a.body)/2]) // less than announced, so net/http closes the connection
	case ModeGarbage:
		bytesAnswer(http.StatusOK, contentType, []byte(garbage)).write(w)
	case ModeDrip:
		f.drip(w, r, a)
	case ModeDown: // the request arrived while the listener was being closed
		hangUp(w, false)
	default:
		a.write(w)
	}
}

// drip sends one byte at a time until the client disconnects or the fault is replaced.
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

// hangUp closes a connection without an answer, with RST instead of FIN if reset.
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // it is already closed
	}
	if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok && reset { // *net.TCPConn, or a test's
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// wait returns false if ctx ends first.
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

// garbage is an error page of a proxy, sent with the provider's content type.
const garbage = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n" +
	"<body><center><h1>502 Bad Gateway</h1></center>\x00\xff\xfe</body></html>\n"
