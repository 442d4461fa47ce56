package sim

import (
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Config configures a Simulator. The zero Config works: free ports on 127.0.0.1, no
// quotas, any OpenWeather key.
type Config struct {
	// Addr is the control address, host:port. The seven providers listen on the
	// next seven ports, in the order of the constants above, and the further ones
	// after them. With port 0 every listener takes any free port.
	Addr string

	// OpenWeatherKey is the only appid that OpenWeather accepts; empty: any appid that
	// is not empty.
	OpenWeatherKey string

	// Quotas by provider. A call over the quota gets the provider's own error. Providers
	// without a quota never refuse a call.
	Quotas map[string]Quota

	// Further providers have the same faults, spans and place in the list of the
	// control address as the seven.
	Further []Provider

	// Listen opens every listener, also that of a provider that comes back after
	// ModeDown; nil: net.Listen.
	Listen func(network, addr string) (net.Listener, error)

	// IgnoreIdempotencyKeys makes the directory carry out every write, as the real one
	// does, even if its Idempotency-Key was used before.
	IgnoreIdempotencyKeys bool

	// Wrap, if not nil, is called once for each provider, with the handler of all its
	// requests; the provider uses what it returns. Tests see requests and answers there.
	Wrap func(provider string, h http.Handler) http.Handler

	// Rand draws the delays and errors of faults; nil: the global generator. It is used
	// concurrently.
	Rand *rand.Rand

	// Now is the clock that answers depend on; nil: time.Now. Delays and
	// time-outs run on the real one.
	Now func() time.Time

	// Logger gets failed listeners and changed faults; requests are not logged. nil
	// disables logging.
	Logger *slog.Logger

	// Tracer creates a span for each request to a provider, in the trace of its
	// traceparent; nil: no spans.
	Tracer trace.Tracer
}

func (cfg Config) withDefaults() Config {
	if cfg.Listen == nil {
		cfg.Listen = net.Listen
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.New(global{})
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Tracer == nil {
		cfg.Tracer = noop.NewTracerProvider().Tracer("")
	}
	return cfg
}
