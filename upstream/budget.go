package upstream

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
)

const (
	budgetDeposit = 0.2 // each call pays in: at most one repetition in five calls
	budgetMax     = 10  // saved up for a bad moment
)

// repetitions is what retries and hedges of one upstream may spend together: a
// token bucket, so that an outage is not multiplied, at low traffic either.
// failsafe's budget is a share of the calls in flight: a lone retry always
// passes it.
type repetitions struct {
	mu     sync.Mutex
	tokens float64
}

func newRepetitions() *repetitions { return &repetitions{tokens: budgetMax} }

// deposit pays in for a call that was sent.
func (r *repetitions) deposit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokens = min(budgetMax, r.tokens+budgetDeposit)
}

func (r *repetitions) take() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tokens < 1 {
		return false
	}
	r.tokens--
	return true
}

// left is what may be taken now.
func (r *repetitions) left() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tokens
}

func (r *repetitions) giveBack() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokens++
}

// hedgeBudget admits a hedge when admission, the retry budget, the bulkhead and
// the quota all let it pass: in failsafe's stack hedges pass none of them, so a
// limit of 4 would let 8 requests be in flight. Its methods are those that
// failsafe's hedge policy calls on a budget.
type hedgeBudget struct {
	*shared
	asker
	exceeded func(failsafe.ExecutionInfo)
}

func (b *hedgeBudget) TryAcquirePermit() bool {
	now := time.Now()
	if !b.admission.open(now, b.holdBack) || !b.repetitions.take() {
		return false
	}
	if !b.bulkhead.TryAcquirePermit() {
		b.repetitions.giveBack()
		return false
	}
	if _, ok := b.quota.take(now, b.weight); !ok {
		b.bulkhead.ReleasePermit()
		b.repetitions.giveBack()
		return false
	}
	return true
}

func (b *hedgeBudget) ReleasePermit() { b.bulkhead.ReleasePermit() }

func (b *hedgeBudget) OnBudgetExceeded(_ budget.ExecutionType, info failsafe.ExecutionInfo) {
	b.exceeded(info)
}

// The rest of failsafe's budget counts calls in flight, which is not our measure.

func (b *hedgeBudget) RecordExecution()  {}
func (b *hedgeBudget) ReleaseExecution() {}
func (b *hedgeBudget) Rate() float64     { return 0 }
