package call

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
)

const (
	budgetDeposit = 0.2 // tokens added by each call: at most one retry or hedge in five calls
	budgetMax     = 10  // greatest number of tokens
)

// retryBudget is a token bucket for all retries and hedges of one upstream, so that
// they do not multiply the load in an outage. failsafe's budget is a share of the calls
// in flight: at low traffic it admits every retry.
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

// hedgeBudget admits a hedge if admission, the retry budget, the bulkhead and the quota
// all do. In failsafe's stack hedges do not go through these policies, so with a limit
// of 4 there could be 8 requests in flight. It has the methods that failsafe's hedge
// policy calls.
type hedgeBudget struct {
	endpoint *Endpoint
	weight   float64 // of a hedge in the quota
	ofBatch  bool    // the call belongs to a batch
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
	if _, ok := c.quota.take(now, b.weight, b.ofBatch); !ok {
		c.bulkhead.ReleasePermit()
		c.shared.budget.giveBack()
		return false
	}
	return true
}

func (b *hedgeBudget) ReleasePermit() { b.endpoint.client.bulkhead.ReleasePermit() }

func (b *hedgeBudget) OnBudgetExceeded(_ budget.ExecutionType, info failsafe.ExecutionInfo) {
	b.endpoint.onHedgeRefused(info)
}

// The rest of failsafe's budget counts calls in flight, which we do not use.

func (b *hedgeBudget) RecordExecution()  {}
func (b *hedgeBudget) ReleaseExecution() {}
func (b *hedgeBudget) Rate() float64     { return 0 }
