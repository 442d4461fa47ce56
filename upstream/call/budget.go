package call

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
)

const (
	budgetDeposit = 0.2 // by each call: at most one retry or hedge in five calls
	budgetMax     = 10  // saved up for a bad moment
)

// retryBudget is what retries and hedges of one upstream may use together: a
// token bucket, so that an outage is not multiplied, even at low traffic.
// failsafe's budget is a share of the calls in flight: a lone retry always
// passes it.
type retryBudget struct {
	mu     sync.Mutex
	tokens float64
}

func newRetryBudget() *retryBudget { return &retryBudget{tokens: budgetMax} }

// deposit adds the share of a call that was sent.
func (b *retryBudget) deposit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(budgetMax, b.tokens+budgetDeposit)
}

func (b *retryBudget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// left is the number of tokens.
func (b *retryBudget) left() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tokens
}

func (b *retryBudget) giveBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens++
}

// hedgeBudget admits a hedge when admission, the retry budget, the bulkhead and
// the quota all let it pass: in failsafe's stack hedges pass none of them, so a
// limit of 4 would let 8 requests be in flight. Its methods are those that
// failsafe's hedge policy calls on a budget.
type hedgeBudget struct {
	endpoint *Endpoint
	weight   float64 // of a hedge in the quota
}

func (b *hedgeBudget) TryAcquirePermit() bool {
	now, c := time.Now(), b.endpoint.client
	if !c.admission.open(now, b.endpoint.holdBack) || !c.shared.budget.take() {
		return false
	}
	if !c.bulkhead.TryAcquirePermit() {
		c.shared.budget.giveBack()
		return false
	}
	if _, ok := c.quota.take(now, b.weight); !ok {
		c.bulkhead.ReleasePermit()
		c.shared.budget.giveBack()
		return false
	}
	return true
}

func (b *hedgeBudget) ReleasePermit() { b.endpoint.client.bulkhead.ReleasePermit() }

func (b *hedgeBudget) OnBudgetExceeded(_ budget.ExecutionType, info failsafe.ExecutionInfo) {
	b.endpoint.client.onHedgeRefused(info)
}

// The rest of failsafe's budget counts calls in flight, which we do not use.

func (b *hedgeBudget) RecordExecution()  {}
func (b *hedgeBudget) ReleaseExecution() {}
func (b *hedgeBudget) Rate() float64     { return 0 }
