package aggregate

import (
	"context"
	"time"

	"tributary/upstream"
)

// Source answers questions. *upstream.Source is one, *upstream.Reading another.
type Source[Q, A any] interface {
	Name() string
	Key(Q) string
	Lookup(ctx context.Context, now time.Time, q Q, key string, d upstream.Directives) (a upstream.Answer[A], done, held bool)
	Fetch(ctx context.Context, q Q, key string, d upstream.Directives) upstream.Answer[A]
}

// Slot is a question to a source, and the place for its answer.
type Slot[Q, A any] struct {
	Answer upstream.Answer[A]

	source     Source[Q, A]
	q          Q
	key        string
	directives upstream.Directives
	pending    *upstream.Pending[Q, A] // nil: the source is asked for q alone

	looked, done, held bool // Now was answered before, with done and held
}

// NewSlot makes a slot, which is answered when it is gathered.
func NewSlot[Q, A any](s Source[Q, A], q Q, d upstream.Directives) Slot[Q, A] {
	return Slot[Q, A]{source: s, q: q, key: s.Key(q), directives: d}
}

// pendingSlot makes a slot for a question that a batch of the source has begun with.
func pendingSlot[Q, A any](s Source[Q, A], p *upstream.Pending[Q, A]) Slot[Q, A] {
	return Slot[Q, A]{source: s, pending: p}
}

// Now implements Part.
func (p *Slot[Q, A]) Now(ctx context.Context, now time.Time) (done, held bool) {
	switch {
	case p.looked:
		return p.done, p.held
	case p.pending != nil:
		p.Answer, done, held = p.pending.Now()
		return done, held
	}
	p.Answer, done, held = p.source.Lookup(ctx, now, p.q, p.key, p.directives)
	return done, held
}

// Ask implements Part.
func (p *Slot[Q, A]) Ask(ctx context.Context) {
	if p.pending != nil {
		p.Answer = p.pending.Await(ctx)
		return
	}
	p.Answer = p.source.Fetch(ctx, p.q, p.key, p.directives)
}

// Useful implements Part.
func (p *Slot[Q, A]) Useful() bool { return p.Answer.Useful() }

// Outcome is what became of the question.
func (p *Slot[Q, A]) Outcome() Outcome {
	return Outcome{Name: p.source.Name(), Provenance: p.Answer.Provenance}
}

// Later is a slot whose question is known only when another part has its
// answer; see Lead.
type Later[Q, A any] struct {
	Slot[Q, A]

	// Question is called once, after the leader was answered. Without a
	// question, or without a source, the part is skipped.
	Question   func() (q Q, ok bool)
	Source     *upstream.Source[Q, A]
	Name       string
	Directives upstream.Directives
}

// Now implements Part.
func (p *Later[Q, A]) Now(ctx context.Context, now time.Time) (done, held bool) {
	if !p.known() {
		return true, false
	}
	return p.Slot.Now(ctx, now)
}

// Ask implements Part.
func (p *Later[Q, A]) Ask(ctx context.Context) {
	if p.known() {
		p.Slot.Ask(ctx)
	}
}

// Outcome is what became of the question.
func (p *Later[Q, A]) Outcome() Outcome {
	return Outcome{Name: p.Name, Provenance: p.Answer.Provenance}
}

// known makes the slot, once.
func (p *Later[Q, A]) known() bool {
	if p.source != nil {
		return true
	}
	if p.Source != nil {
		if q, ok := p.Question(); ok {
			p.Slot = NewSlot(p.Source, q, p.Directives)
			return true
		}
	}
	p.Answer.State = upstream.Skipped
	return false
}
