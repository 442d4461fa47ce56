package aggregate

import (
	"context"
	"time"

	"tributary/upstream"
)

// BatchSlot is many questions to a batch, and the places for their answers. It is
// one Part.
type BatchSlot[Q, A any] struct {
	Answers []upstream.Answer[A] // in the order of the questions

	batch      *upstream.Batch[Q, A]
	qs         []Q
	keys       []string
	directives upstream.Directives
}

// NewBatchSlot makes a slot, which is answered when it is gathered. A question that
// occurs twice is asked once and answered twice.
func NewBatchSlot[Q, A any](b *upstream.Batch[Q, A], qs []Q, d upstream.Directives) BatchSlot[Q, A] {
	keys := make([]string, len(qs))
	for i, q := range qs {
		keys[i] = b.Key(q)
	}
	return BatchSlot[Q, A]{Answers: make([]upstream.Answer[A], len(qs)), batch: b, qs: qs, keys: keys, directives: d}
}

// Now implements Part.
func (p *BatchSlot[Q, A]) Now(ctx context.Context, now time.Time) (done, held bool) {
	return p.batch.Lookup(ctx, now, p.qs, p.keys, p.directives, p.Answers)
}

// Ask implements Part.
func (p *BatchSlot[Q, A]) Ask(ctx context.Context) {
	p.batch.Fetch(ctx, p.qs, p.keys, p.directives, p.Answers)
}

// Useful implements Part: a part without questions has all its answers.
func (p *BatchSlot[Q, A]) Useful() bool {
	for i := range p.Answers {
		if p.Answers[i].Useful() {
			return true
		}
	}
	return len(p.Answers) == 0
}

// Outcome is what became of the questions together.
func (p *BatchSlot[Q, A]) Outcome() Outcome {
	return Outcome{Name: p.batch.Name(), Provenance: upstream.Batched(p.Answers)}
}
