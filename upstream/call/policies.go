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
	HedgeQuantile float64 // a hedge starts after this quantile of recent latencies; 0: none
	MaxConcurrent int     // attempts in flight
	Quotas        []Quota // all windows must have room; none: no limit
	Breaker       Breaker

	// Rand draws the jitter of delays; nil: the global generator. It is used concurrently.
	Rand *rand.Rand
}

// Breaker configures a circuit breaker. It opens at a share of failures, among at least
// MinCalls calls in a window, and stays open for a delay. Then one call is the probe.
type Breaker struct {
	FailureRate float64 // 0 < rate ≤ 1
	MinCalls    int
	Window      time.Duration
	Delay       time.Duration
}

// shared are the policies with state. All endpoints of a client share one breaker,
// bulkhead, quota and budget.
type shared struct {
	breaker   circuitbreaker.CircuitBreaker[any]
	bulkhead  bulkhead.Bulkhead[any]
	quota     *quota // nil: no limit
	budget    *retryBudget
	admission *admission
	refused   refusedEndpoints
	invalid   invalidAnswers
}

func newShared(p Policies, load Load, onStateChanged func(circuitbreaker.StateChangedEvent)) *shared {
	s := &shared{budget: newRetryBudget(), quota: newQuota(p.Quotas)}
	s.invalid.window = p.Breaker.Window
	s.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(p.Breaker.FailureRate, uint(p.Breaker.MinCalls), p.Breaker.Window).
		WithDelay(p.Breaker.Delay).
		WithSuccessThreshold(1).
		HandleIf(func(_ any, err error) bool {
			// Everything that is not a failure is a success to the breaker, and a
			// success closes a half-open one. A canceled probe must not close it, nor an
			// invalid answer that was counted before.
			var f *failure
			if !errors.As(err, &f) {
				return false
			}
			return f.Unwell() && !f.uncounted || (f.Unwell() || f.Code == CodeCanceled) && s.breaker.IsHalfOpen()
		}).
		OnStateChanged(onStateChanged).
		Build()
	// A short wait smooths bursts. A long one would build a queue in an outage.
	s.bulkhead = bulkhead.NewBuilder[any](uint(p.MaxConcurrent)).WithMaxWaitTime(p.Timeout / 4).Build()
	s.admission = &admission{breaker: s.breaker, load: load}
	return s
}

// stack nests the policies, outermost first:
//
//	Timeout(total) ▸ Retry ▸ Admission ▸ Bulkhead ▸ Quota ▸ CircuitBreaker ▸ Hedge ▸ attempt
//
// The order decides the behaviour. Retry is outside the policies that refuse calls, and
// does not repeat refusals. Hedge is inside the breaker, which would otherwise count a
// canceled hedge as a failure. The deadline of the attempt is inside Hedge, because the
// attempt and its hedge share it.
//
// A background call has neither Retry nor Hedge, because it is not urgent. A write has
// no Hedge, nor has a call for many questions that weighs more than one for a single
// question. weight is what each request counts in the quota; batch is nil for a call that
// belongs to none.
func (e *Endpoint) stack(weight float64, batch *batch) (foreground, background failsafe.Executor[*Result]) {
	foreground = e.within(failsafe.With(e.client.limit(), e.retryPolicy()), weight, batch)
	if e.client.policies.HedgeQuantile > 0 && e.hedges(weight) {
		foreground = foreground.Compose(e.hedgePolicy(weight, batch != nil))
	}
	return foreground, e.within(failsafe.With(e.client.limit()), weight, batch)
}

// hedges reports whether calls of a weight have hedges, and tell latencies when these
// start. Where many questions weigh more than one, the answer takes longer too: a delay
// learned from single questions would hedge almost all of these calls, which doubles
// their great weight.
func (e *Endpoint) hedges(weight float64) bool { return !e.Write && weight <= e.Weight }

// within nests the policies that admit a call inside those that repeat it.
func (e *Endpoint) within(x failsafe.Executor[*Result], weight float64, batch *batch) failsafe.Executor[*Result] {
	c := e.client
	x = x.Compose(admit(func(ctx context.Context) (func(), error) {
		return c.admission.enter(ctx, time.Now(), e.holdBack)
	}))
	if batch != nil {
		return x.Compose(admit(func(ctx context.Context) (func(), error) {
			return e.admitOfBatch(ctx, weight, batch.until)
		})).ComposeAny(c.breaker)
	}
	x = x.ComposeAny(c.bulkhead)
	if c.quota != nil {
		x = x.Compose(admit(func(context.Context) (func(), error) {
			if wait, ok := c.quota.take(time.Now(), weight, false); !ok {
				return nil, quotaUsedUp(wait)
			}
			return func() {}, nil
		}))
	}
	return x.ComposeAny(c.breaker)
}

// limit is Timeout(total). Attempts end at the call's deadline on their own, with the
// better error; this policy ends a call that does not.
func (c *Client) limit() failsafe.Policy[*Result] {
	return timeout.New[*Result](c.budget + c.budget/20)
}

func (e *Endpoint) retryPolicy() failsafe.Policy[*Result] {
	c := e.client
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
		AbortIf(func(_ *Result, err error) bool { // called only for failures that HandleIf accepts
			var f *failure
			if !errors.As(err, &f) || f.final {
				return true
			}
			f.unfunded = !c.shared.budget.take()
			return f.unfunded
		}).
		ReturnLastFailure().
		OnAbort(e.onAbort).
		OnRetryScheduled(e.onRetryScheduled).
		Build()
}

func (e *Endpoint) hedgePolicy(weight float64, ofBatch bool) failsafe.Policy[*Result] {
	c := e.client
	return hedgepolicy.NewBuilderWithDelayFunc(func(failsafe.ExecutionAttempt[*Result]) time.Duration {
		if !c.breaker.IsClosed() {
			return -1 // one probe is one request
		}
		return e.latency.hedgeAfter()
	}).
		WithBudget(&hedgeBudget{endpoint: e, weight: weight, ofBatch: ofBatch}).
		CancelIf(func(_ *Result, err error) bool {
			// A failure ends the call only if no other attempt, which might succeed, still
			// runs, or if the failure is an answer.
			var f *failure
			return !errors.As(err, &f) || !f.others || !f.passing()
		}).
		OnHedge(e.onHedge).
		Build()
}

// backoff is the delay before retry n, counted from 0. It grows exponentially, has
// jitter on half of it, so that calls which failed together are not repeated together,
// and is never shorter than a Retry-After.
func (p Policies) backoff(n int, retryAfter time.Duration) time.Duration {
	d := Doubled(p.RetryDelay, p.RetryMaxDelay, n)
	switch {
	case d <= 1:
	case p.Rand != nil:
		d = d/2 + time.Duration(p.Rand.Int64N(int64(d/2)+1))
	default:
		d = d/2 + rand.N(d/2+1)
	}
	return max(d, retryAfter)
}

// asFailure converts the errors of failsafe's policies to a failure.
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
