package aggregate

import (
	"context"
	"time"

	"tributary/upstream"
)

// MergedOne is the merge for one of many questions, nil if no provider has a report,
// and what became of its sources.
type MergedOne[R, M any] struct {
	Merged   *Merged[R, M]
	Outcomes []Outcome
}

// AskMany is Ask for many different questions at once, with their keys. Each has its own
// patience. A provider with a Batch is asked in one call for all questions that need
// asking; another is asked once for each.
func (m *Merger[Q, R, M]) AskMany(ctx context.Context, qs []Q, keys []string, d upstream.Directives) []MergedOne[R, M] {
	ctx = upstream.AsBatch(ctx, time.Now().Add(m.Patience))
	slots := make([][]Slot[Q, *R], len(qs))
	for i := range slots {
		slots[i] = make([]Slot[Q, *R], len(m.Providers))
	}
	for n, p := range m.Providers {
		if p.Batch != nil {
			for i, pending := range p.Batch.Begin(ctx, qs, d) {
				slots[i][n] = pendingSlot(p.Source, pending)
			}
			continue
		}
		for i, q := range qs {
			slots[i][n] = NewSlot(p.Source, q, d)
		}
	}
	SideBySide(len(qs), func(i int) { m.gather(ctx, slots[i]) })

	now := time.Now()
	answers := make([]MergedOne[R, M], len(qs))
	for i := range answers {
		answers[i].Merged, answers[i].Outcomes = m.conclude(qs[i], answersOf(slots[i]), keys[i], now)
	}
	return answers
}
