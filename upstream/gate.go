package upstream

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/common"
	"github.com/failsafe-go/failsafe-go/policy"
)

// maxPause caps any pause. The longest that is really meant is GitHub's, whose
// quota renews with the hour.
const maxPause = time.Hour

// gate refuses a call before it spends a bulkhead permit or quota that it would
// only be refused with further in: while the circuit breaker is not closed, but
// for one probe at a time, and while the upstream has asked to be left alone.
// Without it an open breaker eats the quota and recovery starves; the refusals
// cannot move inside the breaker, where they would count as successes.
type gate struct {
	breaker circuitbreaker.CircuitBreaker[any]
	probe   atomic.Pointer[context.Context] // of the one call that tries; nil: none does
	pause   atomic.Pointer[pause]
}

// pause is a wait that the upstream asked for.
type pause struct {
	until time.Time
	code  Code // of the answer that asked for it
}

// holdBack starts a pause of d, unless a longer one runs.
func (g *gate) holdBack(now time.Time, d time.Duration, code Code) {
	if d <= 0 {
		return
	}
	next := &pause{until: now.Add(min(d, maxPause)), code: code}
	for {
		old := g.pause.Load()
		if old != nil && !old.until.Before(next.until) || g.pause.CompareAndSwap(old, next) {
			return
		}
	}
}

// paused is the refusal while a pause runs, nil otherwise.
func (g *gate) paused(now time.Time) *Error {
	p := g.pause.Load()
	if p == nil || !now.Before(p.until) {
		return nil
	}
	e := Errorf(p.code, "asked to be left alone for now")
	e.RetryAfter, e.final = p.until.Sub(now), true
	return e
}

// open reports whether nothing holds calls back: things may have changed since
// a call that wants a hedge went in.
func (g *gate) open(now time.Time) bool { return g.breaker.IsClosed() && g.paused(now) == nil }

// enter admits a call; leave is to be called after it. An error is a refusal.
func (g *gate) enter(ctx context.Context, now time.Time) (leave func(), refusal error) {
	if e := g.paused(now); e != nil {
		return nil, e
	}
	if g.breaker.IsClosed() {
		return func() {}, nil
	}
	if g.breaker.RemainingDelay() > 0 || !g.probe.CompareAndSwap(nil, &ctx) {
		return nil, circuitbreaker.ErrOpen
	}
	return func() { g.probe.Store(nil) }, nil
}

// prober is the context of the call that tries whether the upstream is well.
func (g *gate) prober() context.Context {
	if ctx := g.probe.Load(); ctx != nil {
		return *ctx
	}
	return context.Background()
}

// ToExecutor makes gate a failsafe policy.
func (g *gate) ToExecutor(*outcome) any {
	e := &gateExecutor{gate: g}
	e.BaseExecutor.Executor = e
	return e
}

type gateExecutor struct {
	policy.BaseExecutor[*outcome]
	gate *gate
}

func (e *gateExecutor) Apply(inner func(failsafe.Execution[*outcome]) *common.PolicyResult[*outcome]) func(failsafe.Execution[*outcome]) *common.PolicyResult[*outcome] {
	return func(x failsafe.Execution[*outcome]) *common.PolicyResult[*outcome] {
		leave, refusal := e.gate.enter(x.Context(), time.Now())
		if refusal != nil {
			return &common.PolicyResult[*outcome]{Error: refusal, Done: true}
		}
		defer leave()
		return inner(x)
	}
}
