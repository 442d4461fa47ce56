// Package simnet is a network in memory: hosts with IP addresses, listeners, and
// connections that behave as TCP's. What each host sends to another takes time, is lost
// and repeated, or does not arrive, as the link between the two says.
//
// It is made for testing/synctest: nothing waits except for the bubble's clock or for
// another goroutine. Delays are drawn from a seed.
package simnet

import (
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Link is one direction between two hosts. The zero Link delivers at once.
type Link struct {
	Latency time.Duration
	Jitter  time.Duration // greatest random addition to Latency
	Loss    float64       // share of segments that are lost and sent again, so they arrive later
	Cut     bool          // nothing arrives until the cut ends; what was sent arrives then
	Refuse  bool          // new connections are refused
}

// Network connects hosts. It is safe for concurrent use.
type Network struct {
	seed     uint64
	original func(from, to string) Link
	instants instants

	mu        sync.Mutex
	links     map[route]Link // those that Set has changed
	listeners map[netip.AddrPort]*Listener
	pipes     []*pipe          // of open connections, in the order of their beginning
	dials     map[route]uint64 // so far
	ports     map[string]uint16
}

// route is a pair of hosts.
type route struct{ from, to string }

// New returns a network with no hosts. original is the link from one host to another
// until Set changes it; nil: the zero Link.
func New(seed uint64, original func(from, to string) Link) *Network {
	if original == nil {
		original = func(_, _ string) Link { return Link{} }
	}
	return &Network{
		seed:      seed,
		original:  original,
		links:     make(map[route]Link),
		listeners: make(map[netip.AddrPort]*Listener),
		dials:     make(map[route]uint64),
		ports:     make(map[string]uint16),
	}
}

// Link returns the link from one host to another.
func (n *Network) Link(from, to string) Link {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.link(route{from, to})
}

// link is Link; n.mu is held.
func (n *Network) link(r route) Link {
	if l, changed := n.links[r]; changed {
		return l
	}
	return n.original(r.from, r.to)
}

// Set changes the link from one host to another, also for open connections.
func (n *Network) Set(from, to string, l Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := route{from, to}
	n.links[r] = l
	for _, p := range n.pipes {
		if p.route == r {
			p.setLink(l)
		}
	}
}

// Change changes the links between two hosts, in both directions.
func (n *Network) Change(a, b string, change func(*Link)) {
	for _, r := range []route{{a, b}, {b, a}} {
		l := n.Link(r.from, r.to)
		change(&l)
		n.Set(r.from, r.to, l)
	}
}

// Reset ends all connections between two hosts: both ends get a reset at once.
func (n *Network) Reset(a, b string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pipes {
		if p.route == (route{a, b}) || p.route == (route{b, a}) {
			p.fail(syscall.ECONNRESET)
		}
	}
}

// Connections returns the number of connections that at least one end has not closed.
func (n *Network) Connections() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.pipes) / 2
}

// connect adds a connection. The delays on it depend on the seed, on the hosts and on
// how many connections there were between these before, and on nothing else.
func (n *Network) connect(r route, local, remote netip.AddrPort) (client, server *Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	back := route{r.to, r.from}
	n.dials[r]++
	up := newPipe(r, n.link(r), n.source(r, "sent", n.dials[r]), &n.instants)
	down := newPipe(back, n.link(back), n.source(r, "received", n.dials[r]), &n.instants)
	n.pipes = append(n.pipes, up, down)
	shared := &connection{network: n, pipes: [2]*pipe{up, down}, open: 2}
	return &Conn{shared: shared, in: down, out: up, local: local, remote: remote},
		&Conn{shared: shared, in: up, out: down, local: remote, remote: local}
}

// source returns a generator for one direction of one connection.
func (n *Network) source(r route, direction string, number uint64) *rand.Rand {
	h := fnv.New64a()
	for _, part := range []string{r.from, r.to, direction, strconv.FormatUint(number, 10)} {
		_, _ = h.Write([]byte(part + " ")) // a hash never fails
	}
	return rand.New(rand.NewPCG(n.seed, h.Sum64()))
}

// port returns the next port for outgoing connections of a host.
func (n *Network) port(host string) uint16 {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ports[host] = max(n.ports[host]+1, lowestPort) // begins again after 65535
	return n.ports[host]
}

const lowestPort = 32768 // of outgoing connections, as on Linux

// connection is what both ends of a connection share.
type connection struct {
	network *Network
	pipes   [2]*pipe
	open    int // ends that are not closed; guarded by network.mu
}

// closed is called once by each end.
func (c *connection) closed() {
	n := c.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.open--; c.open > 0 {
		return
	}
	n.pipes = slices.DeleteFunc(n.pipes, func(p *pipe) bool { return p == c.pipes[0] || p == c.pipes[1] })
}
