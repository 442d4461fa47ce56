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

// admission refuses a call before it takes a bulkhead permit or quota that it
// would only be refused with further in: while the circuit breaker is not
// closed, but for one probe at a time, and while the upstream or the endpoint is
// held back. Without it an open breaker uses up the quota, and no probe gets
// through; the refusals cannot move inside the breaker, where they would count
// as successes.
type admission struct {
	breaker  circuitbreaker.CircuitBreaker[any]
	probe    atomic.Pointer[context.Context] // of the call that is the probe; nil: none is
	holdBack holdBack                        // of the whole upstream
}

// refusal is the error of a call while the upstream or the endpoint is held back.
func (a *admission) refusal(now time.Time, endpoint *holdBack) *failure {
	if e := a.holdBack.refusal(now); e != nil {
		return e
	}
	return endpoint.refusal(now)
}

// open rechecks breaker and hold-back before a hedge is sent.
func (a *admission) open(now time.Time, endpoint *holdBack) bool {
	return a.breaker.IsClosed() && a.refusal(now, endpoint) == nil
}

// enter admits a call; leave is to be called after it. An error is a refusal.
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

// admit is a failsafe policy of our own: it lets a call in, to leave at its
// end, or refuses it.
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
