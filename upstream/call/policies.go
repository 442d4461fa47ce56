package call

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"
)

// Policies are the settings of an upstream's timeout, retry, hedge, bulkhead, quota and
// breaker.
type Policies struct {
	Timeout       time.Duration // one attempt, connect to last byte
	Retries       int           // after the first attempt
	RetryDelay    time.Duration // before the first retry; doubles with each
	RetryMaxDelay time.Duration
	HedgeQuantile float64 // of recent latencies, after which a hedge starts; 0: none
	MaxConcurrent int     // attempts in flight
	Quotas        []Quota // all windows must have room; none: no limit
	Breaker       Breaker
}

// Breaker says when an upstream is not asked: at a share of failures, among at
// least so many calls in a window, for a delay, after which one call is the
// probe.
type Breaker struct {
	FailureRate float64 // 0 < rate ≤ 1
	MinCalls    int
	Window      time.Duration
	Delay       time.Duration
}

// shared are the policies with a state. They belong to the client: all its
// endpoints have the same breaker, bulkhead, quota and budget.
type shared struct {
	breaker   circuitbreaker.CircuitBreaker[any]
	bulkhead  bulkhead.Bulkhead[any]
	quota     *quota // nil: no limit
	budget    *retryBudget
	admission *admission
	refused   refusedEndpoints
	invalid   invalidAnswers
}

func newShared(p Policies, onStateChanged func(circuitbreaker.StateChangedEvent)) *shared {
	s := &shared{budget: newRetryBudget(), quota: newQuota(p.Quotas)}
	s.invalid.window = p.Breaker.Window
	s.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(p.Breaker.FailureRate, uint(p.Breaker.MinCalls), p.Breaker.Window).
		WithDelay(p.Breaker.Delay).
		WithSuccessThreshold(1).
		HandleIf(func(_ any, err error) bool {
			// The breaker knows failure and success only, and a success closes
			// a half-open one. A probe that was canceled must not close it, nor
			// an invalid answer that was counted before.
			var f *failure
			if !errors.As(err, &f) {
				return false
			}
			return f.Unwell() && !f.uncounted || (f.Unwell() || f.Code == CodeCanceled) && s.breaker.IsHalfOpen()
		}).
		OnStateChanged(onStateChanged).
		Build()
	// Waiting smooths a burst. In an outage it would only make a queue.
	s.bulkhead = bulkhead.NewBuilder[any](uint(p.MaxConcurrent)).WithMaxWaitTime(p.Timeout / 4).Build()
	s.admission = &admission{breaker: s.breaker}
	return s
}

// stack is the order in which policies hold each other, outermost first:
//
//	Timeout(total) ▸ Retry ▸ Admission ▸ Bulkhead ▸ Quota ▸ CircuitBreaker ▸ Hedge ▸ attempt
//
// The order is the behaviour. Retry is outside everything that refuses, and does
// not repeat a refusal; Hedge is inside the breaker, for which a hedge that lost
// would be a failure; the attempt's own deadline is inside Hedge, shared by the
// attempt and its hedge.
//
// A background call is not urgent: it has neither Retry nor Hedge. A write has
// no hedge. weight is what each request counts in the quota.
func (e *Endpoint) stack(weight float64) (foreground, background failsafe.Executor[*Result]) {
	foreground = e.within(failsafe.With(e.client.limit(), e.client.retryPolicy()), weight)
	if e.client.policies.HedgeQuantile > 0 && !e.Write {
		foreground = foreground.Compose(e.hedgePolicy(weight))
	}
	return foreground, e.within(failsafe.With(e.client.limit()), weight)
}

// within nests the policies that admit a call inside those that repeat it.
func (e *Endpoint) within(x failsafe.Executor[*Result], weight float64) failsafe.Executor[*Result] {
	c := e.client
	x = x.Compose(admit(func(ctx context.Context) (func(), error) {
		return c.admission.enter(ctx, time.Now(), e.holdBack)
	})).ComposeAny(c.bulkhead)
	if c.quota != nil {
		x = x.Compose(admit(func(context.Context) (func(), error) {
			if wait, ok := c.quota.take(time.Now(), weight); !ok {
				return nil, refusal(CodeRateLimited, wait, "not asked: our quota for this upstream is used up")
			}
			return func() {}, nil
		}))
	}
	return x.ComposeAny(c.breaker)
}

// limit is Timeout(total). Attempts end at the call's deadline by themselves,
// and say why; this ends only what does not.
func (c *Client) limit() failsafe.Policy[*Result] {
	return timeout.New[*Result](c.budget + c.budget/20)
}

func (c *Client) retryPolicy() failsafe.Policy[*Result] {
	return retrypolicy.NewBuilder[*Result]().
		WithMaxRetries(c.policies.Retries).
		WithDelayFunc(func(x failsafe.ExecutionAttempt[*Result]) time.Duration {
			var f *failure
			if errors.As(x.LastError(), &f) {
				return f.backoff
			}
			return 0
		}).
		HandleIf(func(_ *Result, err error) bool {
			var f *failure
			return errors.As(err, &f) && f.repeatable()
		}).
		AbortIf(func(_ *Result, err error) bool { // asked only after a failure that HandleIf took
			var f *failure
			if !errors.As(err, &f) || f.final {
				return true
			}
			f.unfunded = !c.shared.budget.take()
			return f.unfunded
		}).
		ReturnLastFailure().
		OnAbort(c.onAbort).
		OnRetryScheduled(c.onRetryScheduled).
		Build()
}

func (e *Endpoint) hedgePolicy(weight float64) failsafe.Policy[*Result] {
	c := e.client
	return hedgepolicy.NewBuilderWithDelayFunc(func(failsafe.ExecutionAttempt[*Result]) time.Duration {
		if !c.breaker.IsClosed() {
			return -1 // one probe is one request
		}
		return e.latency.hedgeAfter()
	}).
		WithBudget(&hedgeBudget{endpoint: e, weight: weight}).
		CancelIf(func(_ *Result, err error) bool {
			// An error ends the hedging only when no other attempt runs that
			// might still succeed, or when it is an answer.
			var f *failure
			return !errors.As(err, &f) || !f.others || !f.passing()
		}).
		OnHedge(c.onHedge).
		Build()
}

// backoff is the wait before retry number n, from 0: exponential, half of it
// jittered so that calls that failed together are not repeated together, and
// never before a Retry-After.
func (p Policies) backoff(n int, retryAfter time.Duration) time.Duration {
	d := Doubled(p.RetryDelay, p.RetryMaxDelay, n)
	if d > 1 {
		d = d/2 + rand.N(d/2+1)
	}
	return max(d, retryAfter)
}

// asFailure turns the errors of failsafe's policies into ours.
func (s *shared) asFailure(err error) *failure {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, circuitbreaker.ErrOpen):
		return refusal(CodeCircuitOpen, s.breaker.RemainingDelay(), "circuit open after too many failures")
	case errors.Is(err, bulkhead.ErrFull):
		return refusal(CodeOverloaded, 0, "not asked: too many calls to this upstream are in flight")
	case errors.Is(err, timeout.ErrExceeded):
		return failuref(CodeTimeout, "no answer in time")
	}
	return failuref(CodeCanceled, "the gateway is shutting down")
}
