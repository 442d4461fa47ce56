package upstream_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
	"tributary/upstream/pipetest"
)

// moving is an upstream whose name leads to one server, and later to another.
type moving struct {
	transport *http.Transport

	mu      sync.Mutex
	address *pipetest.Listener // of new connections
	dials   int
}

// newMoving returns an upstream that speaks HTTP/1.1, or HTTP/2 over TLS.
func newMoving(http2 bool) *moving {
	m := &moving{transport: upstream.NewTransport(time.Second, 4)}
	m.transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.dials++
		return m.address.Dial(ctx, network, addr)
	}
	m.transport.TLSClientConfig.InsecureSkipVerify = http2 // the servers' certificate is for other names
	return m
}

// moveTo starts a server whose answers are its name, and lets new connections reach it.
func (m *moving) moveTo(t *testing.T, name string, http2 bool) {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/things/slow" {
			time.Sleep(90 * time.Second)
		}
		w.Write([]byte(name + " " + r.Proto))
	}))
	srv.Listener.Close()
	listener := pipetest.NewListener()
	srv.Listener = listener
	if srv.EnableHTTP2 = http2; http2 {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.address = listener
}

func (m *moving) source(t *testing.T, scheme string) source {
	return things(open(t, m.transport, noRetries, func(c *config) {
		c.BaseURL = &url.URL{Scheme: scheme, Host: "things.test"}
		c.Policies.Timeout, c.FetchBudget = 2*time.Minute, 2*time.Minute
	}))
}

// A name that leads to another address must be looked up again, although its
// connections are never idle long enough to be closed.
func TestConnectionAge(t *testing.T) {
	for name, c := range map[string]struct {
		http2  bool
		scheme string
		proto  string
	}{
		"of HTTP/1.1": {false, "http", " HTTP/1.1"},
		"of HTTP/2":   {true, "https", " HTTP/2.0"},
	} {
		it(t, name+" is five minutes, although it is always busy", func(t *testing.T) {
			m := newMoving(c.http2)
			m.moveTo(t, "old", c.http2)
			s := m.source(t, c.scheme)
			start := time.Now()
			for time.Since(start) < 20*time.Minute {
				if time.Since(start) == time.Minute {
					m.moveTo(t, "new", c.http2)
				}
				want, got := "old"+c.proto, ask(s, fresh())
				if time.Since(start) >= 5*time.Minute {
					want = "new" + c.proto
				}
				if got.Value != want {
					t.Fatalf("after %s: answer %q (%v), want %q", time.Since(start), got.Value, got.Err, want)
				}
				time.Sleep(time.Second)
			}
			if m.dials != 4 {
				t.Errorf("connections in 20 minutes = %d, want 4", m.dials)
			}
		})
		it(t, name+" ends no request that runs", func(t *testing.T) {
			m := newMoving(c.http2)
			m.moveTo(t, "old", c.http2)
			s := m.source(t, c.scheme)
			ask(s, "first")
			time.Sleep(4*time.Minute + 30*time.Second) // the first connection has been closed since
			slow := make(chan answer, 1)
			go func() { slow <- ask(s, "slow") }()
			synctest.Wait()
			time.Sleep(time.Minute)
			m.moveTo(t, "new", c.http2)
			if got := ask(s, fresh()); got.Value != "new"+c.proto {
				t.Errorf("a new request: %q (%v), want the new address", got.Value, got.Err)
			}
			if got := <-slow; got.Value != "old"+c.proto {
				t.Errorf("the request that ran meanwhile: %q (%v), want its answer", got.Value, got.Err)
			}
			if m.dials != 3 {
				t.Errorf("connections = %d, want 3", m.dials)
			}
		})
	}
}

// A host may be a literal address: it is dialled as it is, and Host has its brackets.
func TestLiteralAddresses(t *testing.T) {
	for base, wanted := range map[string][2]string{ // what is dialled, and the Host header
		"http://[2001:db8::7]":       {"[2001:db8::7]:80", "[2001:db8::7]"},
		"http://[2001:db8::7]:8080":  {"[2001:db8::7]:8080", "[2001:db8::7]:8080"},
		"http://[::ffff:192.0.2.1]/": {"[::ffff:192.0.2.1]:80", "[::ffff:192.0.2.1]"},
		"http://192.0.2.1:81":        {"192.0.2.1:81", "192.0.2.1:81"},
	} {
		it(t, base, func(t *testing.T) {
			var dialled, host string
			listener := pipetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { host = r.Host }))
			tr := upstream.NewTransport(time.Second, 1)
			tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				dialled = addr
				return listener.DialContext(ctx, network, addr)
			}
			u, err := url.Parse(base)
			if err != nil {
				t.Fatal(err)
			}
			want(t, ask(things(open(t, tr, noRetries, func(c *config) { c.BaseURL = u })), "a"), upstream.Live, "")
			if got := [2]string{dialled, host}; got != wanted {
				t.Errorf("dialled, Host = %q, want %q", got, wanted)
			}
		})
	}
}
