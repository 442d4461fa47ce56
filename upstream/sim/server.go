package sim

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	readHeaderTimeout = 5 * time.Second

	// idleTimeout exceeds the 90 s of Go's clients, so that the client closes an idle
	// connection, and no request is sent on a connection that the server is closing.
	idleTimeout = 3 * time.Minute
)

// server is an http.Server whose close waits for all connections and handlers. It
// cannot be reused; a provider that comes back gets a new one.
type server struct {
	http   *http.Server
	conns  sync.WaitGroup // connections, and handlers that hijacked theirs
	ended  chan struct{}  // closed when Serve has returned
	failed error          // why Serve returned, unless close was called; read after ended
}

func serve(ln net.Listener, h http.Handler, log *slog.Logger) *server {
	s := &server{ended: make(chan struct{})}
	s.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.conns.Add(1)
			defer s.conns.Done()
			h.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ConnState:         s.track,
	}
	go func() {
		defer close(s.ended)
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.failed = err
			log.Error("simulator stopped listening", "addr", ln.Addr().String(), "error", err)
		}
	}()
	return s
}

func (s *server) track(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.conns.Done()
	}
}

// close closes every connection and waits until all handlers have returned.
func (s *server) close() error {
	err := s.http.Close()
	<-s.ended // no connection is added after this
	s.conns.Wait()
	return errors.Join(err, s.failed)
}
