package simnet

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// Host is the network as one host uses it.
type Host struct {
	net  *Network
	addr netip.Addr
}

// Host returns the host with an IP address. It panics if ip is none.
func (n *Network) Host(ip string) *Host { return &Host{n, netip.MustParseAddr(ip)} }

const (
	firstTry = time.Second // until a connection is tried again; doubles with each try, as on Linux
	tries    = 7
)

// Dial connects to an IP address and port. Across a cut it tries again for two minutes.
func (h *Host) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	conn, err := h.dial(ctx, to)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(to), Err: err}
	}
	return conn, nil
}

func (h *Host) dial(ctx context.Context, to netip.AddrPort) (*Conn, error) {
	n := h.net
	r := route{h.addr.String(), to.Addr().String()}
	local := netip.AddrPortFrom(h.addr, n.port(r.from))
	client, server := n.connect(r, local, to)
	conn, err := client.handshake(ctx, server)
	if err != nil {
		_, _ = client.Close(), server.Close()
		return nil, err
	}
	return conn, nil
}

// handshake waits for the answer of the other host, and gives the other end to its
// listener.
func (c *Conn) handshake(ctx context.Context, server *Conn) (*Conn, error) {
	wait := firstTry
	for range tries {
		there, cut := c.out.roundTrip(c.in)
		if !cut {
			if err := pause(ctx, there); err != nil {
				return nil, err
			}
			return c, c.shared.network.deliver(server, c.out.refuses())
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
		wait *= 2
	}
	return nil, os.NewSyscallError("connect", syscall.ETIMEDOUT)
}

// roundTrip is how long a packet needs there and back now, unless a way is cut.
func (p *pipe) roundTrip(back *pipe) (d time.Duration, cut bool) {
	for _, way := range []*pipe{p, back} {
		way.mu.Lock()
		cut = cut || way.link.Cut
		d += way.link.delay(way.draw)
		way.mu.Unlock()
	}
	if d > 0 {
		now := time.Now()
		d = p.instants.take(now.Add(d)).Sub(now)
	}
	return d, cut
}

func (p *pipe) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link.Refuse
}

// deliver gives a connection to the listener that it is for.
func (n *Network) deliver(server *Conn, refused bool) error {
	n.mu.Lock()
	l := n.listeners[server.local]
	n.mu.Unlock()
	if l == nil || refused || !l.push(server) {
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}
	return ctx.Err()
}

// Listener accepts connections to one port of a host.
type Listener struct {
	net  *Network
	addr netip.AddrPort

	mu      sync.Mutex
	changed sync.Cond
	waiting []*Conn
	closed  bool
}

// Listen opens a port of this host. addr is a port with this host's address, or without
// an address. Port 0 is not supported.
func (h *Host) Listen(network, addr string) (net.Listener, error) {
	at, err := h.own(addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	if h.net.listeners[at] != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: net.TCPAddrFromAddrPort(at), Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
	}
	l := &Listener{net: h.net, addr: at}
	l.changed.L = &l.mu
	h.net.listeners[at] = l
	return l, nil
}

// own reads an address of this host.
func (h *Host) own(addr string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "" {
		host = h.addr.String()
	}
	at, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	switch {
	case err != nil:
		return at, err
	case at.Addr() != h.addr:
		return at, os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)
	case at.Port() == 0:
		return at, errors.New("port 0 is not supported")
	}
	return at, nil
}

func (l *Listener) push(c *Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.waiting = append(l.waiting, c)
	l.changed.Signal()
	return true
}

// Accept waits for a connection.
func (l *Listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) == 0 && !l.closed {
		l.changed.Wait()
	}
	if l.closed {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
	c := l.waiting[0]
	l.waiting = l.waiting[1:]
	return c, nil
}

// Close refuses further connections, and resets those that were not accepted.
func (l *Listener) Close() error {
	l.net.mu.Lock()
	if l.net.listeners[l.addr] == l {
		delete(l.net.listeners, l.addr)
	}
	l.net.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return &net.OpError{Op: "close", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
	l.closed = true
	for _, c := range l.waiting {
		_ = c.SetLinger(0)
		_ = c.Close()
	}
	l.waiting = nil
	l.changed.Broadcast()
	return nil
}

func (l *Listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.addr) }
