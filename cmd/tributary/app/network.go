package app

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"time"

	"tributary/api/admission"
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

	// RedisConnections is the greatest number of connections to Redis; 0: that of
	// cache.RedisConfig.
	RedisConnections int

	// Rand draws the jitter of lifetimes and delays; nil: the global generator. It is used
	// concurrently.
	Rand *rand.Rand

	// Waits returns how long goroutines have waited for a processor lately; see
	// admission.Config. nil: the runtime says it.
	Waits func() time.Duration

	// Processors is how many there are, for the limits on requests. 0: GOMAXPROCS.
	Processors int
}

// limits are those on requests.
func (n Network) limits(log *slog.Logger) admission.Config {
	processors := cmp.Or(n.Processors, runtime.GOMAXPROCS(0))
	return admission.Config{Wait: n.Waits, Usual: usualAsking * processors, Least: leastAsking * processors, Most: mostInFlight * processors, Logger: log}
}

func (n Network) listen(addr string) (net.Listener, error) {
	if n.Listen == nil {
		return net.Listen("tcp", addr)
	}
	return n.Listen("tcp", addr)
}

// connectTimeout is that of connections to upstreams, as package upstream has it.
const connectTimeout = time.Second

// use makes an upstream use this network.
func (n Network) use(c *upstream.Config) {
	c.Policies.Rand, c.Lifetimes.Rand = n.Rand, n.Rand
	if n.Dial == nil {
		return // package upstream makes its usual transport
	}
	t := upstream.NewTransport(connectTimeout, c.Policies.MaxConcurrent)
	t.Proxy = nil
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		return n.Dial(ctx, network, addr)
	}
	c.Transport = t
}

// issuer returns the transport to the issuer of tokens; nil: package auth makes its
// usual one.
func (n Network) issuer() http.RoundTripper {
	if n.Dial == nil {
		return nil
	}
	return &http.Transport{DialContext: n.Dial, DisableKeepAlives: true}
}
