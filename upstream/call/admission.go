package call

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/common"
	"github.com/failsafe-go/failsafe-go/policy"
)

// admission refuses calls while the circuit breaker is not closed, except one probe at
// a time, and while the upstream or the endpoint is held back. It is outside bulkhead
// and quota: otherwise the calls that an open breaker refuses would use up the quota,
// and no probe could be sent. It cannot be inside the breaker, which would count its
// refusals as successes.
type admission struct {
	breaker  circuitbreaker.CircuitBreaker[any]
	load     Load
	probe    atomic.Pointer[context.Context] // of the call that is the probe; nil: no call is
	holdBack holdBack                        // of the whole upstream
}

// refusal is the error of a call while the upstream or the endpoint is held back.
func (a *admission) refusal(now time.Time, endpoint *holdBack) *failure {
	if e := a.holdBack.refusal(now); e != nil {
		return e
	}
	return endpoint.refusal(now)
}

// open rechecks breaker, hold-back and the gateway's own load before a hedge is sent.
func (a *admission) open(now time.Time, endpoint *holdBack) bool {
	return !a.load.Closed() && a.breaker.IsClosed() && a.refusal(now, endpoint) == nil
}

// enter admits a call, and the caller calls leave when it ends; or it returns the
// refusal.
func (a *admission) enter(ctx context.Context, now time.Time, endpoint *holdBack) (leave func(), refusal error) {
	if e := a.refusal(now, endpoint); e != nil {
		return nil, e
	}
	if a.breaker.IsClosed() {
		return func() {}, nil
	}
	if a.breaker.RemainingDelay() > 0 || !a.probe.CompareAndSwap(nil, &ctx) {
		return nil, circuitbreaker.ErrOpen
	}
	return func() { a.probe.Store(nil) }, nil
}

// prober is the context of the probe.
func (a *admission) prober() context.Context {
	if ctx := a.probe.Load(); ctx != nil {
		return *ctx
	}
	return context.Background()
}

// admit is a failsafe policy: it admits a call, and leave is called at its end, or it
// refuses the call.
type admit func(context.Context) (leave func(), refusal error)

// ToExecutor makes admit a failsafe policy.
func (a admit) ToExecutor(*Result) any {
	e := &admitExecutor{admit: a}
	e.BaseExecutor.Executor = e
	return e
}

type admitExecutor struct {
	policy.BaseExecutor[*Result]
	admit admit
}

func (e *admitExecutor) Apply(inner func(failsafe.Execution[*Result]) *common.PolicyResult[*Result]) func(failsafe.Execution[*Result]) *common.PolicyResult[*Result] {
	return func(x failsafe.Execution[*Result]) *common.PolicyResult[*Result] {
		leave, refusal := e.admit(x.Context())
		if refusal != nil {
			return &common.PolicyResult[*Result]{Error: refusal, Done: true}
		}
		defer leave()
		return inner(x)
	}
}
