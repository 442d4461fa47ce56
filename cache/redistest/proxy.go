package redistest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy forwards connections to a server until it is cut. The server then keeps its data
// but cannot be reached.
type Proxy struct {
	t       testing.TB
	to      string
	address string

	mu       sync.Mutex // guards what follows
	listener net.Listener
	conns    []net.Conn
}

// NewProxy returns an open proxy to s, which is closed when the test ends.
func NewProxy(t testing.TB, s *Server) *Proxy {
	t.Helper()
	p := &Proxy{t: t, to: s.Address, address: "127.0.0.1:0"}
	p.Open()
	t.Cleanup(p.Cut)
	return p
}

// URL is the proxy's URL, for a client with the default time-out.
func (p *Proxy) URL() string { return "redis://" + p.address }

// PatientURL is the URL for a client that waits a minute for Redis.
func (p *Proxy) PatientURL() string { return p.URL() + "?read_timeout=1m" }

// Open accepts connections again, at the same address.
func (p *Proxy) Open() {
	p.t.Helper()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.address, p.listener = listener.Addr().String(), listener
	go p.accept(listener)
}

// Cut closes all connections and refuses new ones.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener == nil {
		return
	}
	_ = p.listener.Close()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.listener, p.conns = nil, nil
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		current := p.listener == listener
		if current {
			p.conns = append(p.conns, client, server)
		}
		p.mu.Unlock()
		if !current {
			_, _ = client.Close(), server.Close()
			return
		}
		go pump(client, server)
		go pump(server, client)
	}
}

func pump(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_, _ = to.Close(), from.Close()
}
