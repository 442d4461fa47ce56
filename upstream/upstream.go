package upstream

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"go.opentelemetry.io/otel/metric"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"tributary/cache"
)

// Config is what an upstream is made of. Name, BaseURL, Store and the numbers
// are required.
type Config struct {
	Name      string   // of the source, as the contract has it
	BaseURL   *url.URL // scheme, host and an optional path prefix
	UserAgent string

	// Credentials are added to a request last, when nobody looks at it any
	// more. They must not be added anywhere else.
	Credentials func(*http.Request)

	Policies  Policies
	Lifetimes cache.Lifetimes
	Store     *cache.Store
	Redis     *cache.Redis // the second tier; nil: none

	// KeepUnvalidated: an answer that its upstream forbids to reuse without asking
	// (no-cache, must-revalidate) is still kept for when asking fails.
	KeepUnvalidated bool

	// FlightBudget bounds one question with all its attempts. It is a constant
	// and not the remainder of whoever asked first: others wait for it too.
	FlightBudget time.Duration

	Propagate bool              // send traceparent
	Transport http.RoundTripper // nil: a pool of its own
	Tracer    trace.Tracer      // nil: none
	Meter     metric.Meter      // nil: none
	Logger    *slog.Logger      // nil: slog's default
}

// Upstream is one service that we ask, with everything its sources share. It
// is safe for concurrent use.
type Upstream struct {
	*shared
	name         string
	client       *client
	policies     Policies
	lifetimes    cache.Lifetimes
	store        *cache.Store
	redis        *cache.Redis
	flightBudget time.Duration
	propagate    bool
	tracer       trace.Tracer
	log          *slog.Logger
	latency      *latencies
	writes       failsafe.Executor[*outcome]
	meters       *meters

	calls, failures, retries, hedges, inFlight atomic.Int64
	hits, misses, staleServed, coalesced       atomic.Int64
	opened, hedgesWon, starved                 atomic.Int64
	lastError                                  atomic.Pointer[LastError]
	complaints                                 complaints

	life    context.Context // ends with Close
	end     context.CancelFunc
	mu      sync.Mutex // guards tallies and closed, and flights against it
	tallies []*tally
	closed  bool
	flights sync.WaitGroup
}

// New makes an upstream. Close it.
func New(cfg Config) *Upstream {
	life, end := context.WithCancel(context.Background())
	u := &Upstream{
		name:         cfg.Name,
		client:       newClient(cfg),
		policies:     cfg.Policies,
		lifetimes:    cfg.Lifetimes,
		store:        cfg.Store,
		redis:        cfg.Redis,
		flightBudget: cfg.FlightBudget,
		propagate:    cfg.Propagate,
		tracer:       cfg.Tracer,
		log:          cfg.Logger,
		latency:      &latencies{quantile: cfg.Policies.HedgeQuantile},
		life:         life,
		end:          end,
	}
	if u.tracer == nil {
		u.tracer = noop.NewTracerProvider().Tracer("")
	}
	if u.log == nil {
		u.log = slog.Default()
	}
	u.shared = newShared(cfg.Policies, u.onStateChanged)
	u.writes = u.writeStack()
	meter := cfg.Meter
	if meter == nil {
		meter = noopmetric.NewMeterProvider().Meter("")
	}
	u.meters = newMeters(u, meter)
	return u
}

// Name is the upstream's name in the contract.
func (u *Upstream) Name() string { return u.name }

// newTally is where a source of this upstream counts its answers. Two sources
// of one name are one part of an answer, and have one tally.
func (u *Upstream) newTally(source string) *tally {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, t := range u.tallies {
		if t.source == source {
			return t
		}
	}
	t := &tally{source: source}
	u.tallies = append(u.tallies, t)
	return t
}

func (u *Upstream) allTallies() []*tally {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.tallies
}

// begin counts a flight in; false means that the upstream is closed. Each
// begin that was true needs an end of the wait group.
func (u *Upstream) begin() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return false
	}
	u.flights.Add(1)
	return true
}

// Close ends what is still in the air and waits for it. Questions asked
// afterwards are answered from memory or not at all.
func (u *Upstream) Close() {
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	u.end()
	u.flights.Wait()
	u.meters.close()
	u.client.http.CloseIdleConnections()
}
