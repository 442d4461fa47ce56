package call

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go"
)

// Scope says which requests a refusal applies to.
type Scope int

// The scopes of a refusal.
const (
	ThisKey      Scope = iota // the same key
	ThisSource                // all requests of the endpoint
	ThisUpstream              // all requests to the upstream
)

// EndpointConfig is what all calls to one endpoint have in common.
type EndpointConfig struct {
	Name  string // of the source, for logs
	Route string // url.template on spans, and the endpoint's name in metrics

	// Accepts says which statuses of 400 and above are answers too. Nil: none.
	Accepts func(status int) bool

	// Refusal returns the failure for a status of 400 and above if this provider means
	// something else by it than HTTP. If it returns nil, or is nil, the status decides.
	Refusal func(Response) *Error

	// Exhausted returns how long to send no request after a successful answer that says
	// that the quota is used up; 0 if it is not. nil: never.
	Exhausted func(Response) time.Duration

	Weight     float64       // of one request in the provider's quota
	Forbidden  Scope         // what is not asked for a while after a 403
	LimitPause time.Duration // after a 429 that names no time; 0: the longest retry delay
	Private    bool          // its URL, and what the provider says about it, is not shown
	Write      bool          // it changes something: no hedges

	// Callers says that each call has the credentials of one of our callers, and
	// never our own. What an answer says about them, a 401, a 403 or a 429, holds
	// back neither the endpoint nor the upstream.
	Callers bool
}

// Endpoint is one kind of request to an upstream. It is safe for concurrent use.
type Endpoint struct {
	EndpointConfig
	client   *Client
	holdBack *holdBack
	latency  *latencies
	template string // the path of Route

	foreground, background failsafe.Executor[*Result]
}

// Endpoint returns an endpoint of the client. All endpoints that write are held back
// together.
func (c *Client) Endpoint(cfg EndpointConfig) *Endpoint {
	e := &Endpoint{EndpointConfig: cfg, client: c, holdBack: &holdBack{}, latency: &latencies{quantile: c.policies.HedgeQuantile}}
	e.template, _, _ = strings.Cut(cfg.Route, "?")
	if cfg.Write {
		e.holdBack = c.writes
	}
	e.foreground, e.background = e.stack(cfg.Weight, nil)
	return e
}

// Close ends an endpoint that is not used any more: the client no longer counts
// the refusals that it has met.
func (e *Endpoint) Close() { e.client.refused.remove(e.holdBack) }

// Usually is how long successful attempts of one question take: 99 of 100 take no longer.
// It is known if at least 50 have ended within the last 10 minutes.
func (e *Endpoint) Usually(now time.Time) (p99 time.Duration, known bool) {
	return e.latency.usually(now)
}

// Call is one question to an endpoint.
type Call struct {
	Key string // of the thing that is asked for, or the first of many; "" for writes

	Weight float64 // in the provider's quota; 0: that of the endpoint

	// Request builds a request whose URL is relative: base URL, User-Agent and,
	// last, credentials are added. It is called for each attempt.
	Request func(context.Context) (*http.Request, error)

	// Credentials of the caller, where the endpoint has Callers; nil: none. They
	// are added to a request last, after it was shown on a span.
	Credentials func(*http.Request)

	// Read reads an answer with a status of 200 to 299, one that the endpoint
	// accepts, or a 304 to a conditional request. An error that is no *Error is an invalid response.
	Read func(Response) (any, error)

	// Again is called with any other answer. If it returns true, the request is built
	// anew and sent once more within the same attempt. nil: never.
	Again func(Response) bool

	Once       bool // no retry if the call may have been carried out
	Background bool // no request waits for it: neither retries nor hedges
}

// Result is an answer, as Read returned it.
type Result struct {
	Value  any
	Status int
}

// Do makes a call with its retries and hedges. It ends at p's deadline, or earlier if
// ctx is canceled.
func (e *Endpoint) Do(ctx context.Context, call Call, p *Progress) (*Result, *Error) {
	foreground, background := e.foreground, e.background
	if call.Weight == 0 {
		call.Weight = e.Weight
	}
	if batch := batchOf(ctx); batch != nil || call.Weight != e.Weight {
		foreground, background = e.stack(call.Weight, batch)
	}
	executor := foreground
	if call.Background {
		executor = background
	}
	result, err := executor.WithContext(ctx).GetWithExecution(func(x failsafe.Execution[*Result]) (*Result, error) {
		return e.attempt(x, call, p)
	})
	if err == nil {
		return result, nil
	}
	f := e.client.asFailure(err)
	e.recordRefusal(ctx, f)
	if last := p.last.Load(); f.refused && last != nil {
		// A retry was refused: report the failure that caused it.
		f = last
	}
	return nil, &f.public
}
