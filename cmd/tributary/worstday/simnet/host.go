package simnet

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Host is the network as one process on a host uses it.
type Host struct {
	net  *Network
	addr netip.Addr

	killed chan struct{} // closed by Kill

	mu        sync.Mutex
	dead      bool
	conns     map[*Conn]struct{}
	listeners []*Listener
}

// Host returns the host with an IP address, for one process on it. It panics if ip is
// none.
func (n *Network) Host(ip string) *Host {
	return &Host{net: n, addr: netip.MustParseAddr(ip), killed: make(chan struct{}), conns: make(map[*Conn]struct{})}
}

// Kill ends the process for the rest of the network, as if the system had killed it: its
// listeners are closed, its connections are reset, and nothing that it does later is
// seen by others. Calling it again does nothing.
func (h *Host) Kill() {
	h.mu.Lock()
	if !h.dead {
		h.dead = true
		close(h.killed)
	}
	conns := slices.SortedFunc(maps.Keys(h.conns), func(a, b *Conn) int {
		return cmp.Or(a.local.Compare(b.local), a.remote.Compare(b.remote))
	})
	listeners := h.listeners
	h.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close() // it may be closed already
	}
	for _, c := range conns {
		c.in.fail(syscall.ECONNRESET)
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}

func (h *Host) isKilled() bool {
	select {
	case <-h.killed:
		return true
	default:
		return false
	}
}

// add makes a connection one of the process. It reports false if that is dead.
func (h *Host) add(c *Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.host = h
	if !h.dead {
		h.conns[c] = struct{}{}
	}
	return !h.dead
}

func (h *Host) remove(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
}

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
	var err error = syscall.ENETDOWN
	if h.add(client) {
		err = client.handshake(ctx, server)
	}
	if err != nil {
		_, _ = client.Close(), server.Close()
		return nil, err
	}
	return client, nil
}

// handshake waits for the answer of the other host, and gives the other end to its
// listener.
func (c *Conn) handshake(ctx context.Context, server *Conn) error {
	wait := firstTry
	for range tries {
		there, cut := c.out.roundTrip(c.in)
		if !cut {
			if err := c.host.pause(ctx, there); err != nil {
				return err
			}
			return c.shared.network.deliver(server, c.out.refuses())
		}
		if err := c.host.pause(ctx, wait); err != nil {
			return err
		}
		wait *= 2
	}
	return os.NewSyscallError("connect", syscall.ETIMEDOUT)
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
	if l == nil || refused || !l.host.add(server) || !l.push(server) {
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	return nil
}

// pause waits for a time, unless the context or the process ends before.
func (h *Host) pause(ctx context.Context, d time.Duration) error {
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-h.killed:
			return syscall.ENETDOWN
		case <-ctx.Done():
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}
	return ctx.Err()
}
