//go:build chaos

package chaos_test

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"syscall"
)

// link is a proxy between one gateway and one provider, which records all calls. It
// returns its URL. A provider that ignores keys does not get them.
func (w *world) link(replica int, provider, target string, ignoresKeys bool) string {
	w.t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		w.t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			if ignoresKeys {
				r.Out.Header.Del("Idempotency-Key")
			}
		},
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true}, // it repeats nothing on a new connection
		FlushInterval: -1,                                                                 // a drip is passed on byte by byte
		ErrorHandler:  breakOff,
		ErrorLog:      log.New(io.Discard, "", 0), // providers that break off are expected
	}
	server := httptest.NewServer(w.recorder.Record(replica, provider, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		defer func() {
			// The provider sent less than it announced. The server then ends the connection.
			if failed := recover(); failed != nil && failed != http.ErrAbortHandler {
				panic(failed)
			}
		}()
		forward.ServeHTTP(rw, r)
	})))
	w.t.Cleanup(server.Close)
	return server.URL
}

// breakOff ends a connection as the provider did: without an answer, and with a reset
// after a reset.
func breakOff(w http.ResponseWriter, _ *http.Request, err error) {
	conn, _, hijacked := http.NewResponseController(w).Hijack()
	if hijacked != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && errors.Is(err, syscall.ECONNRESET) {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
