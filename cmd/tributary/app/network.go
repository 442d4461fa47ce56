package app

import (
	"context"
	"net"
	"net/http"
	"time"

	"tributary/upstream"
)

// Network is how the program reaches others, and is reached. The zero Network is
// the system's. Tests give functions of their own, to run a whole gateway and its
// upstreams in memory or to learn the addresses that it listens on.
type Network struct {
	// Dial opens connections to upstreams, to Redis and to the issuer of tokens. nil: the
	// system's dialer, and the proxy that the environment names.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Listen opens the public listener, the admin listener and those of simulated
	// upstreams. nil: net.Listen.
	Listen func(network, addr string) (net.Listener, error)
}

func (n Network) listen(addr string) (net.Listener, error) {
	if n.Listen == nil {
		return net.Listen("tcp", addr)
	}
	return n.Listen("tcp", addr)
}

// upstream returns the transport to one upstream; nil: package upstream makes its
// usual one.
func (n Network) upstream(connections int) http.RoundTripper {
	if n.Dial == nil {
		return nil
	}
	t := upstream.NewTransport(time.Second, connections)
	t.DialContext, t.Proxy = n.Dial, nil
	return t
}

// issuer returns the transport to the issuer of tokens; nil: package auth makes its
// usual one.
func (n Network) issuer() http.RoundTripper {
	if n.Dial == nil {
		return nil
	}
	return &http.Transport{DialContext: n.Dial, DisableKeepAlives: true}
}
