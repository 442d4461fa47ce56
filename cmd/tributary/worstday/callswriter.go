package worstday

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
	"time"
)

// watchedWriter notices what a provider answers.
type watchedWriter struct {
	http.ResponseWriter
	status   int
	written  int
	hijacked bool
}

func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watchedWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watchedWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.written += n
	return n, err
}

// Hijack is for providers that end a connection without an answer.
func (w *watchedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.hijacked = true
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// whole reports whether the client was sent all that the provider announced.
func (w *watchedWriter) whole() bool {
	announced := w.Header().Get("Content-Length")
	return !w.hijacked && w.status != 0 && (announced == "" || announced == strconv.Itoa(w.written))
}

func (c *calls) finish(call *Call, w *watchedWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	call.Took, call.Status, call.RetryAfter = time.Since(call.At), w.status, w.Header().Get("Retry-After")
	switch {
	case r.Context().Err() != nil:
		call.Ended = Left
	case w.hijacked:
		call.Ended = HungUp
	case w.whole():
		call.Ended = Answered
	default:
		call.Ended = CutOff
	}
}

func hostOf(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return host
}
