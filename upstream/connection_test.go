package upstream_test

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tributary/upstream"
)

func TestConnection(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, tt := range map[string]struct {
		serve http.HandlerFunc // nil: no server listens
		code  upstream.Code
	}{
		"it is refused": {nil, upstream.CodeConnection},
		"it is reset": {raw(func(c *net.TCPConn) {
			c.SetLinger(0)
		}), upstream.CodeConnection},
		"it is closed before the answer": {raw(func(c *net.TCPConn) {}), upstream.CodeConnection},
		"it is closed within the header": {raw(func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-")
		}), upstream.CodeConnection},
	} {
		t.Run(name, func(t *testing.T) {
			base := closed.URL
			if tt.serve != nil {
				base = listen(t, tt.serve).URL
			}
			got := ask(real(t, base), "a")
			want(t, got, upstream.Failed, tt.code)
			if host := strings.TrimPrefix(base, "http://"); strings.Contains(got.Err.Error(), host) {
				t.Errorf("error %q contains the address", got.Err)
			}
		})
	}

	dial := func(err error) func(*config) {
		return func(c *config) {
			tr := upstream.NewTransport(time.Second, 1)
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
			c.Transport = tr
		}
	}
	op := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for name, tt := range map[string]struct {
		err    error
		code   upstream.Code
		detail string
	}{
		"it takes too long to dial":                 {op(os.ErrDeadlineExceeded), upstream.CodeTimeout, "no answer in time"},
		"its host has no name":                      {op(&net.DNSError{IsNotFound: true}), upstream.CodeConnection, "host name not resolved"},
		"its host's name takes too long":            {op(&net.DNSError{IsTimeout: true}), upstream.CodeTimeout, "no answer in time"},
		"its host is not reachable":                 {op(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), upstream.CodeConnection, "host not reachable"},
		"its network is not reachable":              {op(os.NewSyscallError("connect", syscall.ENETUNREACH)), upstream.CodeConnection, "host not reachable"},
		"it breaks while the request is sent":       {op(os.NewSyscallError("write", syscall.EPIPE)), upstream.CodeConnection, "connection reset"},
		"it fails with an unknown error":            {op(errReset), upstream.CodeConnection, "connection failed"},
		"it meets a server without TLS":             {tls.RecordHeaderError{Msg: "first record does not look like TLS"}, upstream.CodeConnection, "TLS handshake failed: the server does not speak TLS on this port"},
		"it is cancelled for an unknown reason":     {context.Canceled, upstream.CodeCanceled, "the request was canceled"},
		"it is refused, and the detail has no host": {op(os.NewSyscallError("connect", syscall.ECONNREFUSED)), upstream.CodeConnection, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(real(t, "http://things.test", dial(tt.err)), "a")
			want(t, got, upstream.Failed, tt.code)
			if got.Err.Detail != tt.detail {
				t.Errorf("detail = %q, want %q", got.Err.Detail, tt.detail)
			}
		})
	}
	t.Run("it rejects a certificate of an unknown authority", func(t *testing.T) {
		srv := httptest.NewUnstartedServer(nil)
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.StartTLS()
		t.Cleanup(srv.Close)
		got := ask(real(t, srv.URL), "a")
		want(t, got, upstream.Failed, upstream.CodeConnection)
		if want := "TLS handshake failed: its certificate is signed by an unknown authority"; got.Err.Detail != want {
			t.Errorf("detail = %q, want %q", got.Err.Detail, want)
		}
		if got.Attempts != 1 {
			t.Errorf("attempts = %d, want 1: the next handshake would fail as well", got.Attempts)
		}
	})
	t.Run("it times out when the TLS handshake does not finish", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts connections, the handshake never starts
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		s := real(t, "https://"+l.Addr().String(), func(c *config) {
			c.Transport = upstream.NewTransport(20*time.Millisecond, 1)
		})
		got := ask(s, "a")
		want(t, got, upstream.Failed, upstream.CodeTimeout)
		if want := "no answer in time"; got.Err.Detail != want { // not the attempt's own deadline
			t.Errorf("detail = %q, want %q", got.Err.Detail, want)
		}
	})
	t.Run("it uses HTTP/2 if the server offers it", func(t *testing.T) {
		var proto string
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { proto = r.Proto }))
		srv.EnableHTTP2 = true
		srv.StartTLS()
		t.Cleanup(srv.Close)
		s := real(t, srv.URL, func(c *config) {
			tr := upstream.NewTransport(time.Second, 1)
			tr.TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			c.Transport = tr
		})
		want(t, ask(s, "a"), upstream.Live, "")
		if proto != "HTTP/2.0" {
			t.Errorf("protocol = %s, want HTTP/2.0", proto)
		}
	})
}

func TestRedirect(t *testing.T) {
	credentials := func(c *config) {
		c.Credentials = func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cr3t") }
	}
	var others atomic.Int64
	other := listen(t, func(w http.ResponseWriter, r *http.Request) { others.Add(1) })
	var hops atomic.Int64
	srv := listen(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cr3t" {
			t.Errorf("%s came without credentials", r.URL)
		}
		hops.Add(1)
		switch r.URL.Path {
		case "/things/elsewhere":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/things/back":
			http.Redirect(w, r, "/2", http.StatusTemporaryRedirect)
		case "/things/round":
			http.Redirect(w, r, "/things/round", http.StatusFound)
		case "/things/3":
			http.Redirect(w, r, "/2", http.StatusMovedPermanently)
		case "/2":
			http.Redirect(w, r, "1", http.StatusPermanentRedirect)
		case "/1":
			http.Redirect(w, r, srv0(r)+"/end", http.StatusSeeOther)
		case "/things/nowhere":
			w.WriteHeader(http.StatusFound)
		}
	})
	for name, tt := range map[string]struct {
		ask   string
		state upstream.State
		code  upstream.Code
		hops  int64
	}{
		"it follows three within the host":          {"3", upstream.Live, "", 4},
		"it does not follow a fourth":               {"round", upstream.Failed, upstream.CodeInvalidResponse, 4},
		"it does not follow one to another host":    {"elsewhere", upstream.Failed, upstream.CodeInvalidResponse, 1},
		"it cannot follow one that leads nowhere":   {"nowhere", upstream.Failed, upstream.CodeInvalidResponse, 1},
		"it follows with the method that was asked": {"back", upstream.Live, "", 4},
	} {
		t.Run(name, func(t *testing.T) {
			hops.Store(0)
			want(t, ask(real(t, srv.URL, credentials), tt.ask), tt.state, tt.code)
			if got := hops.Load(); got != tt.hops {
				t.Errorf("requests = %d, want %d", got, tt.hops)
			}
		})
	}
	if others.Load() != 0 {
		t.Errorf("requests to the other host = %d, want none", others.Load())
	}

	for location, followed := range map[string]bool{
		"http://things.test/b":       false, // without TLS
		"https://things.test/b":      true,
		"https://things.test:8443/b": false,
		"https://sub.things.test/b":  false,
	} {
		t.Run("it keeps TLS and host before "+location, func(t *testing.T) {
			f := newFake(inTurn(answers(302, "", "Location", location), well))
			_, s := serve(t, f, noRetries, func(c *config) { c.BaseURL = &url.URL{Scheme: "https", Host: "things.test"} })
			if got := ask(s, "a"); (got.State == upstream.Live) != followed {
				t.Errorf("answer = %s, followed %v, want %v", got.State, f.Sent() == 2, followed)
			}
			if !followed {
				wantSent(t, f, 1)
			}
		})
	}
}

// srv0 is the base URL of the server that received a request.
func srv0(r *http.Request) string { return "http://" + r.Host }
