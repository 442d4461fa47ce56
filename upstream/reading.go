package upstream

import (
	"context"
	"time"
)

// Reading gives another part of a source's answers. It shares the questions, the fetches
// and the cache entries of the source. It is safe for concurrent use.
type Reading[Q, A, B any] struct {
	source *Source[Q, A]
	read   func(A) B
}

// Read returns a reading of a source. read returns equal values for equal answers.
func Read[Q, A, B any](s *Source[Q, A], read func(A) B) *Reading[Q, A, B] {
	return &Reading[Q, A, B]{s, read}
}

// Name is the source's name in the contract.
func (r *Reading[Q, A, B]) Name() string { return r.source.Name() }

// Key is the key of q: equal questions have equal keys.
func (r *Reading[Q, A, B]) Key(q Q) string { return r.source.Key(q) }

// Lookup is [Source.Lookup].
func (r *Reading[Q, A, B]) Lookup(ctx context.Context, now time.Time, q Q, key string, d Directives) (b Answer[B], done, held bool) {
	a, done, held := r.source.Lookup(ctx, now, q, key, d)
	return r.of(a), done, held
}

// Fetch is [Source.Fetch].
func (r *Reading[Q, A, B]) Fetch(ctx context.Context, q Q, key string, d Directives) Answer[B] {
	return r.of(r.source.Fetch(ctx, q, key, d))
}

func (r *Reading[Q, A, B]) of(a Answer[A]) Answer[B] {
	b := Answer[B]{Provenance: a.Provenance}
	if a.Useful() {
		b.Value = r.read(a.Value)
	}
	return b
}
