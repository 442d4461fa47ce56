package upstream

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"tributary/cache"
	"tributary/telemetry/story"
	"tributary/upstream/call"
)

// Config configures an upstream. Name, BaseURL, Store and the numbers are required.
type Config struct {
	Name      string   // of the source, as the contract has it
	BaseURL   *url.URL // scheme, host and an optional path prefix
	UserAgent string

	// Credentials adds the credentials to a request. It is called last, after the
	// request was recorded on a span; nothing else may add credentials.
	Credentials func(*http.Request)

	Policies  Policies
	Lifetimes cache.Lifetimes
	Store     *cache.Store
	Redis     *cache.Redis // the shared cache; nil: none

	// KeepUnvalidated serves an answer as stale if asking again fails, even if its
	// no-cache or must-revalidate forbids that.
	KeepUnvalidated bool

	// FetchBudget bounds one fetch with all its attempts. It does not depend on the
	// first caller's deadline, because others wait for the fetch too.
	FetchBudget time.Duration

	// PatienceMin is the least time that a source with an old answer is waited for, once its
	// usual latency is known; see [WithOthers]. 0: the usual latency bounds no wait.
	PatienceMin time.Duration

	Propagate bool              // send traceparent
	Transport http.RoundTripper // nil: a pool of its own
	Tracer    trace.Tracer      // nil: none
	Meter     metric.Meter      // nil: none
	Logger    *slog.Logger      // nil: slog's default
	Stories   *story.Recorder   // for the operators' console; nil: none
	Load      Load              // of the gateway; nil: never busy
}

// Upstream is one service, with everything that its sources share. It is safe for
// concurrent use.
type Upstream struct {
	client          *call.Client
	policies        Policies
	lifetimes       cache.Lifetimes
	keepUnvalidated bool
	store           *cache.Store
	redis           *cache.Redis
	fetchBudget     time.Duration
	patienceMin     time.Duration
	tracer          trace.Tracer
	log             *slog.Logger
	load            Load
	counters        counters
	stopMetrics     func()
	work            work
}

// New returns an upstream, which the caller must close.
func New(cfg Config) *Upstream {
	if cfg.Tracer == nil {
		cfg.Tracer = noop.NewTracerProvider().Tracer("")
	}
	if cfg.Meter == nil {
		cfg.Meter = noopmetric.NewMeterProvider().Meter("")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Load == nil {
		cfg.Load = unlimited{}
	}
	u := &Upstream{
		client: call.New(call.Config{
			Name: cfg.Name, BaseURL: cfg.BaseURL, UserAgent: cfg.UserAgent, Credentials: cfg.Credentials,
			Policies: cfg.Policies, Budget: cfg.FetchBudget,
			Propagate: cfg.Propagate, Transport: cfg.Transport, Tracer: cfg.Tracer, Meter: cfg.Meter, Logger: cfg.Logger, Stories: cfg.Stories,
			Load: cfg.Load,
		}),
		policies:        cfg.Policies,
		lifetimes:       cfg.Lifetimes,
		keepUnvalidated: cfg.KeepUnvalidated,
		store:           cfg.Store,
		redis:           cfg.Redis,
		fetchBudget:     cfg.FetchBudget,
		patienceMin:     cfg.PatienceMin,
		tracer:          cfg.Tracer,
		log:             cfg.Logger,
		load:            cfg.Load,
	}
	u.work.life, u.work.end = context.WithCancel(context.Background())
	u.stopMetrics = u.counters.observe(cfg.Name, cfg.Meter, cfg.Logger)
	return u
}

// Name is the upstream's name in the contract.
func (u *Upstream) Name() string { return u.client.Name() }

// Sources are the names of the upstream's sources.
func (u *Upstream) Sources() (names []string) {
	for _, t := range u.counters.all() {
		names = append(names, t.source)
	}
	return names
}

// Close cancels running calls and waits for them. Questions asked afterwards are answered
// from the cache, or fail.
func (u *Upstream) Close() {
	u.work.close()
	u.stopMetrics()
	u.client.Close()
}

// do makes a call. Of ctx it uses only the values; Close cancels the call.
func (u *Upstream) do(ctx context.Context, e *call.Endpoint, c call.Call, p *call.Progress) (*call.Result, *Error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(u.work.life, cancel)()
	return e.Do(ctx, c, p)
}

// work counts the running work of an upstream.
type work struct {
	life context.Context // ends with close
	end  context.CancelFunc

	mu      sync.Mutex // guards closed, and running against it
	closed  bool
	running sync.WaitGroup
}

// begin registers a piece of work, whose end calls done; false if the upstream is
// closed.
func (w *work) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.running.Add(1)
	return true
}

func (w *work) done() { w.running.Done() }

func (w *work) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.end()
	w.running.Wait()
}
