package upstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/fallback"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
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
	Quotas        []Quota // all windows must have room; none: no limit
	Breaker       Breaker
}

// Breaker says when an upstream is left alone: at a share of failures, among at
// least so many calls in a window, for a delay, after which one call tries.
type Breaker struct {
	FailureRate float64 // 0 < rate ≤ 1
	MinCalls    int
	Window      time.Duration
	Delay       time.Duration
}

// shared are the policies with a state. They belong to the upstream: all its
// sources have the same breaker, bulkhead, quota and budget.
type shared struct {
	breaker     circuitbreaker.CircuitBreaker[any]
	bulkhead    bulkhead.Bulkhead[any]
	quota       *quota // nil: no limit
	repetitions *repetitions
	admission   *admission
	refused     refusedSources
	invalid     invalidAnswers
}

func newShared(p Policies, onStateChanged func(circuitbreaker.StateChangedEvent)) *shared {
	s := &shared{repetitions: newRepetitions(), quota: newQuota(p.Quotas)}
	s.invalid.window = p.Breaker.Window
	s.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(p.Breaker.FailureRate, uint(p.Breaker.MinCalls), p.Breaker.Window).
		WithDelay(p.Breaker.Delay).
		WithSuccessThreshold(1).
		HandleIf(func(_ any, err error) bool {
			// The breaker knows failure and success only, and a success closes
			// a half-open one. A probe that was canceled must not close it, nor
			// an invalid answer that was counted before.
			var e *Error
			if !errors.As(err, &e) {
				return false
			}
			return e.Unwell() && !e.uncounted || (e.Unwell() || e.Code == CodeCanceled) && s.breaker.IsHalfOpen()
		}).
		OnStateChanged(onStateChanged).
		Build()
	// A burst is smoothed for a moment, an outage is not queued for.
	s.bulkhead = bulkhead.NewBuilder[any](uint(p.MaxConcurrent)).WithMaxWaitTime(p.Timeout / 4).Build()
	s.admission = &admission{breaker: s.breaker}
	return s
}

// stack is the order in which policies hold each other, outermost first:
//
//	Fallback(old) ▸ Timeout(total) ▸ Retry ▸ Admission ▸ Bulkhead ▸ Quota ▸ CircuitBreaker ▸ Hedge ▸ attempt
//
// The order is the behaviour. Timeout is inside Fallback because a fallback
// whose own context is done is skipped; Retry is outside everything that
// refuses, and does not repeat a refusal; Hedge is inside the breaker, for which
// a hedge that lost would be a failure; the attempt's own deadline is inside
// Hedge, shared by the attempt and its hedge.
//
// A background refresh is not urgent: it has neither Retry nor Hedge.
func (u *Upstream) stack(a asker, hedgeDelay func() time.Duration) (asked, background failsafe.Executor[*outcome]) {
	old := fallback.NewBuilderWithFunc(u.fallBack).OnFallbackExecuted(u.onFallback).Build()
	asked = u.within(failsafe.With[*outcome](old, u.limit(), u.retryPolicy()), a)
	if u.policies.HedgeQuantile > 0 {
		asked = asked.Compose(u.hedgePolicy(a, hedgeDelay))
	}
	return asked, u.within(failsafe.With[*outcome](old, u.limit()), a)
}

// writeStack is the stack of writes: nothing to fall back on, and no hedge.
func (u *Upstream) writeStack() failsafe.Executor[*outcome] {
	return u.within(failsafe.With[*outcome](u.limit(), u.retryPolicy()), asker{holdBack: &u.writeHoldBack, weight: 1})
}

// asker is what the policies know of who asks: a source, or all writes.
type asker struct {
	holdBack *holdBack
	weight   float64 // of one request in the quota
}

// within nests the policies that admit a call inside those that repeat it.
func (u *Upstream) within(x failsafe.Executor[*outcome], a asker) failsafe.Executor[*outcome] {
	x = x.Compose(admit(func(ctx context.Context) (func(), error) {
		return u.admission.enter(ctx, time.Now(), a.holdBack)
	})).ComposeAny(u.bulkhead)
	if u.quota != nil {
		x = x.Compose(admit(func(context.Context) (func(), error) {
			wait, ok := u.quota.take(time.Now(), a.weight)
			if !ok {
				return nil, quotaExhausted(wait)
			}
			return func() {}, nil
		}))
	}
	return x.ComposeAny(u.breaker)
}

func quotaExhausted(wait time.Duration) *Error {
	e := Errorf(CodeRateLimited, "not asked: our quota for this upstream is used up")
	e.RetryAfter = wait
	e.refused, e.final = true, true
	return e
}

// limit is Timeout(total). Attempts end at the fetch's deadline by themselves,
// and say why; this ends only what does not.
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

func (u *Upstream) hedgePolicy(a asker, delay func() time.Duration) failsafe.Policy[*outcome] {
	return hedgepolicy.NewBuilderWithDelayFunc(func(failsafe.ExecutionAttempt[*outcome]) time.Duration {
		if !u.breaker.IsClosed() {
			return -1 // one probe is one request
		}
		return delay()
	}).
		WithBudget(&hedgeBudget{shared: u.shared, asker: a, exceeded: u.onHedgeRefused}).
		CancelIf(func(_ *outcome, err error) bool {
			// An error ends the hedging only when no other attempt runs that
			// might still succeed, or when it is an answer.
			var e *Error
			return !errors.As(err, &e) || !e.others || !e.passing()
		}).
		OnHedge(u.onHedge).
		Build()
}

// backoff is the wait before retry number n, from 0: exponential, half of it
// jittered so that those who failed together do not return together, and never
// before a Retry-After.
func (p Policies) backoff(n int, e *Error) time.Duration {
	d := min(p.RetryDelay, p.RetryMaxDelay)
	for range n {
		d = min(2*d, p.RetryMaxDelay)
	}
	if d > 1 {
		d = d/2 + rand.N(d/2+1)
	}
	return max(d, e.RetryAfter)
}

// refusal turns the errors of failsafe's policies into ours; refused is true
// where a policy did not let the call through.
func (s *shared) refusal(err error) (e *Error, refused bool) {
	switch {
	case errors.As(err, &e):
		return e, e.refused
	case errors.Is(err, circuitbreaker.ErrOpen):
		e = Errorf(CodeCircuitOpen, "circuit open after too many failures")
		e.RetryAfter = s.breaker.RemainingDelay()
	case errors.Is(err, bulkhead.ErrFull):
		e = Errorf(CodeOverloaded, "not asked: too many calls to this upstream are in flight")
	case errors.Is(err, timeout.ErrExceeded):
		return Errorf(CodeTimeout, "no answer in time"), false
	default:
		return Errorf(CodeCanceled, "the gateway is shutting down"), false
	}
	return e, true
}
