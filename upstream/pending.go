package upstream

import (
	"context"
	"time"
)

// Pending is one of the questions that Batch.Begin has started.
type Pending[Q, A any] struct {
	batch *Batch[Q, A]
	key   string
	start time.Time

	answer Answer[A] // has a state if there was an answer at once
	waiting
}

// Begin is Ask without the waiting: it answers from the cache what it can, starts the
// calls for the rest, and returns. The answers are waited for one by one, so that each
// can have a deadline of its own.
func (b *Batch[Q, A]) Begin(ctx context.Context, qs []Q, d Directives) []*Pending[Q, A] {
	start, keys, answers := time.Now(), b.keys(qs), make([]Answer[A], len(qs))
	fetches := make([]waiting, len(qs))
	if done, _ := b.Lookup(ctx, start, qs, keys, d, answers); !done {
		fetches = b.begin(ctx, qs, keys, d, answers)
	}
	all := make([]*Pending[Q, A], len(qs))
	for i, key := range keys {
		all[i] = &Pending[Q, A]{b, key, start, answers[i], fetches[i]}
	}
	return all
}

// begin starts the calls for the answers that are missing, if the request may ask. The
// others have no fetch.
func (b *Batch[Q, A]) begin(ctx context.Context, qs []Q, keys []string, d Directives, answers []Answer[A]) []waiting {
	if why := admit(ctx); why != nil {
		b.refuse(ctx, keys, why, answers)
		return make([]waiting, len(qs))
	}
	ctx, span := b.startSpan(ctx, len(qs))
	fetches, calls := b.join(ctx, qs, keys, d, answers)
	b.send(ctx, calls, false, func() { b.endSpan(span, calls) })
	return fetches
}

// Now returns the answer if there was one at once. held says that there is an old value
// for when asking fails.
func (p *Pending[Q, A]) Now() (a Answer[A], done, held bool) {
	if p.f == nil {
		return p.answer, true, p.answer.Useful()
	}
	old := p.f.old.Load()
	return a, false, old != nil && old.Usable(p.start)
}

// Await waits for the answer, no longer than ctx. It is called once, and only if Now had
// none.
func (p *Pending[Q, A]) Await(ctx context.Context) Answer[A] {
	return p.batch.await(ctx, p.waiting, p.key, p.start)
}
