package call

import (
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"tributary/telemetry/story"
)

// Config configures a client. Name, BaseURL, Policies and Budget are required.
type Config struct {
	Name      string   // of the upstream, as the contract has it
	BaseURL   *url.URL // scheme, host and an optional path prefix
	UserAgent string

	// Credentials adds the credentials to a request. It is called last, after the
	// request was recorded on a span; nothing else may add credentials.
	Credentials func(*http.Request)

	Policies Policies

	// Budget bounds one call with all its attempts.
	Budget time.Duration

	Propagate bool              // send traceparent
	Transport http.RoundTripper // nil: a pool of its own
	Tracer    trace.Tracer      // nil: none
	Meter     metric.Meter      // nil: none
	Logger    *slog.Logger      // nil: slog's default
	Stories   *story.Recorder   // counts calls and keeps events; nil: none
	Load      Load              // of the gateway; nil: never busy
}

// Client calls one upstream. It is safe for concurrent use.
type Client struct {
	*shared
	name          string
	sender        *sender
	policies      Policies
	budget        time.Duration
	propagate     bool
	tracer        trace.Tracer
	log           *slog.Logger
	latency       *latencies
	metrics       *metrics
	counters      counters
	failures      failureLog
	record        *story.Upstream // nil: calls are not counted for the console
	quotaReported atomic.Int64    // end of the window, in seconds, whose quota was reported as used up
	failedTests   atomic.Int64    // test calls of the breaker that failed since it opened
	writes        *holdBack       // shared by all endpoints that write
}

// counters count since the start of the process.
type counters struct {
	calls, failures, refusals, retries, hedges, inFlight atomic.Int64
	opened, hedgesWon, unfunded                          atomic.Int64
	lastError                                            atomic.Pointer[LastError]
}

// New returns a client, which the caller must close.
func New(cfg Config) *Client {
	c := &Client{
		name:      cfg.Name,
		sender:    newSender(cfg),
		policies:  cfg.Policies,
		budget:    cfg.Budget,
		propagate: cfg.Propagate,
		tracer:    cfg.Tracer,
		log:       cfg.Logger,
		latency:   &latencies{}, // of all endpoints, to be shown; each hedges by its own
		record:    cfg.Stories.Upstream(cfg.Name),
		writes:    &holdBack{},
	}
	if c.tracer == nil {
		c.tracer = noop.NewTracerProvider().Tracer("")
	}
	if c.log == nil {
		c.log = slog.Default()
	}
	if cfg.Load == nil {
		cfg.Load = Unloaded{}
	}
	c.shared = newShared(cfg.Policies, cfg.Load, c.onStateChanged)
	meter := cfg.Meter
	if meter == nil {
		meter = noopmetric.NewMeterProvider().Meter("")
	}
	c.metrics = newMetrics(c, meter)
	return c
}

// Name is the upstream's name in the contract.
func (c *Client) Name() string { return c.name }

// Close closes idle connections. All calls must have ended.
func (c *Client) Close() {
	c.metrics.close()
	c.sender.http.CloseIdleConnections()
}
