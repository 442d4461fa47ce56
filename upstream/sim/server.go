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

	// idleTimeout is longer than the 90 s of Go's clients, so that it is the
	// client that ends a pooled connection and no request meets a closing one.
	idleTimeout = 3 * time.Minute
)

// server is an http.Server that can say when all of it has ended. Such a
// server cannot be opened again; a provider that comes back gets a new one.
type server struct {
	http   *http.Server
	conns  sync.WaitGroup // connections, and handlers that took theirs over
	ended  chan struct{}  // closed when Serve has returned
	failed error          // why Serve returned, if not by close; read after ended
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

// close cuts every connection and waits until nothing of the server is left.
func (s *server) close() error {
	err := s.http.Close()
	<-s.ended // no connection is added after this
	s.conns.Wait()
	return errors.Join(err, s.failed)
}
