package upstream

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/fallback"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"
)

// Policies are the numbers behind the policies around every call.
type Policies struct {
	Timeout       time.Duration // one attempt, connect to last byte
	Retries       int           // after the first attempt
	RetryDelay    time.Duration // before the first retry; doubles with each
	RetryMaxDelay time.Duration
	HedgeQuantile float64 // of recent latencies, after which a hedge starts; 0: none
	MaxConcurrent int     // attempts in flight
	Quota         Quota
	Quotas        []Quota // all windows must have room; none: no limit
	Breaker       Breaker
}

// Quota is what the upstream lets us ask: so many calls a window.
type Quota struct {
	Calls  int // 0: no limit
	Window time.Duration
}

// Breaker says when an upstream is left alone: at a share of failures, among at
// least so many calls in a window, for a delay, after which one call tries.
type Breaker struct {
	FailureRate float64 // 0 < rate ≤ 1
	MinCalls    int
	Window      time.Duration
	Delay       time.Duration
}

// shared are the policies with a state. They belong to the upstream: whoever
// asks it meets the same breaker, bulkhead, quota and budget.
type shared struct {
	breaker     circuitbreaker.CircuitBreaker[any]
	bulkhead    bulkhead.Bulkhead[any]
	quota       *quota // nil: no limit
	repetitions *repetitions
	gate        *gate
}

func newShared(p Policies, onStateChanged func(circuitbreaker.StateChangedEvent)) *shared {
	s := &shared{repetitions: newRepetitions()}
	s.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(p.Breaker.FailureRate, uint(p.Breaker.MinCalls), p.Breaker.Window).
		WithDelay(p.Breaker.Delay).
		WithSuccessThreshold(1).
		HandleIf(func(_ any, err error) bool {
			// The breaker knows failure and success only, and a success closes
			// a half-open one: a probe that was cancelled must not.
			var e *Error
			return errors.As(err, &e) && (e.Unwell() || e.Code == CodeCanceled && s.breaker.IsHalfOpen())
		}).
		OnStateChanged(onStateChanged).
		Build()
	// A burst is smoothed for a moment, an outage is not queued for.
	s.bulkhead = bulkhead.NewBuilder[any](uint(p.MaxConcurrent)).WithMaxWaitTime(p.Timeout / 4).Build()
	if p.Quota.Calls == 0 && len(p.Quotas) > 0 {
		p.Quota = p.Quotas[0]
	}
	if p.Quota.Calls > 0 {
		s.quota = newQuota(p.Quota)
	}
	s.gate = &gate{breaker: s.breaker}
	return s
}

// stack is the order in which policies hold each other, outermost first:
//
//	Fallback(old) ▸ Timeout(total) ▸ Retry ▸ Gate ▸ Bulkhead ▸ RateLimiter ▸ CircuitBreaker ▸ Hedge ▸ attempt
//
// The order is the behaviour. Timeout is inside Fallback because a fallback
// whose own context is done is skipped; Retry is outside everything that
// refuses, and does not repeat a refusal; Hedge is inside the breaker, for which
// a hedge that lost would be a failure; the attempt's own deadline is inside
// Hedge, shared by the attempt and its hedge.
//
// A refresh behind a caller's back is not urgent: it has neither Retry nor Hedge.
func (u *Upstream) stack(hedgeDelay func() time.Duration) (asked, behind failsafe.Executor[*outcome]) {
	old := fallback.NewBuilderWithFunc(u.fallBack).OnFallbackExecuted(u.onFallback).Build()
	asked = u.within(failsafe.With[*outcome](old, u.limit(), u.retryPolicy()))
	if u.policies.HedgeQuantile > 0 {
		asked = asked.Compose(u.hedgePolicy(hedgeDelay))
	}
	return asked, u.within(failsafe.With[*outcome](old, u.limit()))
}

// writeStack is the stack of writes: nothing to fall back on, and no hedge.
func (u *Upstream) writeStack() failsafe.Executor[*outcome] {
	return u.within(failsafe.With[*outcome](u.limit(), u.retryPolicy()))
}

// within adds what refuses a call to those who would repeat it.
func (u *Upstream) within(x failsafe.Executor[*outcome]) failsafe.Executor[*outcome] {
	x = x.Compose(u.gate).ComposeAny(u.bulkhead)
	if u.quota != nil {
		x = x.ComposeAny(u.quota.limiter)
	}
	return x.ComposeAny(u.breaker)
}

// limit is Timeout(total). Attempts end themselves at the flight's deadline,
// and say why; this only catches what would not.
func (u *Upstream) limit() failsafe.Policy[*outcome] {
	return timeout.New[*outcome](u.flightBudget + u.flightBudget/20)
}

func (u *Upstream) retryPolicy() failsafe.Policy[*outcome] {
	return retrypolicy.NewBuilder[*outcome]().
		WithMaxRetries(u.policies.Retries).
		WithDelayFunc(func(x failsafe.ExecutionAttempt[*outcome]) time.Duration {
			var e *Error
			if errors.As(x.LastError(), &e) {
				return e.backoff
			}
			return 0
		}).
		HandleIf(func(_ *outcome, err error) bool {
			var e *Error
			return errors.As(err, &e) && e.repeatable()
		}).
		AbortIf(func(_ *outcome, err error) bool { // asked only after a failure that HandleIf took
			var e *Error
			if !errors.As(err, &e) || e.final {
				return true
			}
			e.unfunded = !u.repetitions.take()
			return e.unfunded
		}).
		ReturnLastFailure().
		OnAbort(u.onAbort).
		OnRetryScheduled(u.onRetryScheduled).
		Build()
}

func (u *Upstream) hedgePolicy(delay func() time.Duration) failsafe.Policy[*outcome] {
	return hedgepolicy.NewBuilderWithDelayFunc(func(failsafe.ExecutionAttempt[*outcome]) time.Duration {
		if !u.breaker.IsClosed() {
			return -1 // one probe is one request
		}
		return delay()
	}).
		WithBudget(&hedgeBudget{shared: u.shared, exceeded: u.onHedgeRefused}).
		CancelIf(func(_ *outcome, err error) bool {
			// An error ends the hedging only when no other attempt runs that
			// might still succeed, or when it is an answer.
			var e *Error
			return !errors.As(err, &e) || !e.others || !e.repeatable()
		}).
		OnHedge(u.onHedge).
		Build()
}

// backoff is the wait before retry number n, from 0: exponential, half of it
// jittered so that those who failed together do not return together, and never
// before a Retry-After.
func (p Policies) backoff(n int, e *Error) time.Duration {
	if e.RetryAfter == 0 && e.Code == CodeRateLimited {
		return p.RetryMaxDelay // too many, and not a word of when: as late as we go
	}
	d := min(p.RetryDelay, p.RetryMaxDelay)
	for range n {
		d = min(2*d, p.RetryMaxDelay)
	}
	if d > 1 {
		d = d/2 + rand.N(d/2+1)
	}
	return max(d, e.RetryAfter)
}

// refusal turns the errors of failsafe's policies into ours; refused says that
// they did not let the call through.
func (s *shared) refusal(err error) (e *Error, refused bool) {
	switch {
	case errors.As(err, &e):
		return e, false
	case errors.Is(err, circuitbreaker.ErrOpen):
		e = Errorf(CodeCircuitOpen, "not asked: it failed too often of late")
		e.RetryAfter = s.breaker.RemainingDelay()
	case errors.Is(err, bulkhead.ErrFull):
		e = Errorf(CodeOverloaded, "not asked: too many calls in flight")
	case errors.Is(err, ratelimiter.ErrExceeded):
		e = Errorf(CodeRateLimited, "not asked: our share of its quota is spent")
		e.RetryAfter = s.quota.renewsIn(time.Now())
	case errors.Is(err, timeout.ErrExceeded):
		return Errorf(CodeTimeout, "no answer in time"), false
	default:
		return Errorf(CodeCanceled, "shutting down"), false
	}
	return e, true
}
