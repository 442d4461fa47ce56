package api

import (
	"net/http"
	"time"
)

// stream serves the answers to a question as events: the current one, then each that
// differs. Streams of the same endpoint with the same question share one feed. closed,
// if not nil, ends the streams of an endpoint that is no longer served.
func (s *server) stream(endpoint any, read reading, closed <-chan struct{}) http.HandlerFunc {
	return s.handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := mustAcceptType(w, r, eventStream); err != nil {
			return err
		}
		q, err := read(r)
		if err != nil {
			return err
		}
		who := client(r)
		if refused := s.streams.enter(who); refused != nil {
			if refused.Status == http.StatusTooManyRequests {
				s.metrics.limited.Add(r.Context(), 1)
			}
			return refused
		}
		defer s.streams.leave(who)

		key := feedKey{endpoint, q.key()}
		f := s.streams.join(key, s.refresher(q, r))
		defer s.streams.part(key, f)
		first, err := f.first(r.Context())
		switch {
		case err != nil:
			return err
		case first.err != nil:
			return first.err
		}
		l := &listener{server: s, w: w, connection: http.NewResponseController(w), feed: f, closed: closed}
		if l.begin(r); !factsOf(r.Context()).head {
			l.serve(r)
		}
		return nil
	})
}

// begin sets the headers of a stream. Answers to HEAD have nothing else.
func (l *listener) begin(r *http.Request) {
	h := l.w.Header()
	h.Set("Content-Type", eventStream)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")           // nginx would keep events back
	if r.Header.Get("Accept-Encoding") != "" { // the compressing middleware is there, and removes this
		h.Set(noCompression, "true")
	}
	l.server.serverTiming(h, r, nil)
	// The request has been read. The server's time-out for reading would end the stream.
	_ = l.connection.SetReadDeadline(time.Time{})
	l.w.WriteHeader(http.StatusOK)
}
