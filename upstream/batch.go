package upstream

import (
	"context"
	"net/http"
	"time"
)

// BatchSpec describes a provider that answers many questions in one call. If Request is
// set, a call with only one question is made as a Source makes it. If Request is nil,
// Decode, Again and Renewable of Spec are not used either.
type BatchSpec[Q, A any] struct {
	Spec[Q, A]

	// Most is how many questions one call may carry, at least 1.
	Most int

	// MostBytes bounds the query text of one call, where each question adds Len bytes. A
	// longer question has a call of its own. 0 means 4 kB. A nil Len means the length of
	// the key, and one for the separator.
	MostBytes int
	Len       func(Q) int

	// RequestAll builds the request for some questions; see Spec.Request.
	RequestAll func(ctx context.Context, qs []Q) (*http.Request, error)

	// DecodeAll turns a response with a status of 200 to 299 into items by their
	// keys. A question whose key is not among them is answered with not_found,
	// and items that were not asked for are ignored. An error is about the whole
	// answer. If the answer breaks off, return an error, or the missing items with
	// Again. Items must keep no part of the body.
	DecodeAll func(qs []Q, r Response) (map[string]Item[A], error)

	// Spoils reports whether a failure of a call may be about only some of its
	// questions. They are then asked again in smaller calls. Nil: it never is.
	Spoils func(*Error) bool

	// WeightOf is what a request for n questions counts in the provider's quota;
	// nil: Weight, whatever n is.
	WeightOf func(n int) float64
}

// Item is one answer of many.
type Item[A any] struct {
	Value A
	Err   error // why there is no value; any error but an *Error is reported as invalid_response
	Size  int   // the number of bytes that Value was read from

	// Again means that this item could not be read because another one made the answer
	// unreadable: it is asked again in another call. An item with Again and Err is that
	// other one, and is asked again alone.
	Again bool
}

// Batch is a Source that asks its upstream many questions in one call. Each key has
// its own entry in the cache and its own fetch; fetches that begin together share
// calls. It is safe for concurrent use.
type Batch[Q, A any] struct {
	source *Source[Q, A]
	spec   BatchSpec[Q, A]
}

// NewBatch makes a batch of an upstream; an upstream may have many.
func NewBatch[Q, A any](up *Upstream, spec BatchSpec[Q, A]) *Batch[Q, A] {
	spec.Most = max(1, spec.Most)
	if spec.MostBytes == 0 {
		spec.MostBytes = 4 << 10
	}
	if spec.Len == nil {
		spec.Len = func(q Q) int { return len(spec.Key(q)) + 1 }
	}
	return &Batch[Q, A]{source: NewSource(up, spec.Spec), spec: spec}
}

// Name is the source's name in the contract.
func (b *Batch[Q, A]) Name() string { return b.source.Name() }

// Key is the key of q: equal questions have equal keys.
func (b *Batch[Q, A]) Key(q Q) string { return b.spec.Key(q) }

// Source returns a source that asks one question at a time and shares entries and
// fetches with the batch: neither fetches what the other has fetched or is fetching. The
// spec needs a Request.
func (b *Batch[Q, A]) Source() *Source[Q, A] { return b.source }

// Close frees what the batch uses; see Source.Close.
func (b *Batch[Q, A]) Close() { b.source.Close() }

// Ask answers questions from the cache or from the upstream, in their order. It
// returns at the latest when ctx is done; see Source.Ask.
func (b *Batch[Q, A]) Ask(ctx context.Context, qs []Q, d Directives) []Answer[A] {
	keys := b.keys(qs)
	answers := make([]Answer[A], len(qs))
	if done, _ := b.Lookup(ctx, time.Now(), qs, keys, d, answers); !done {
		b.Fetch(ctx, qs, keys, d, answers)
	}
	return answers
}

func (b *Batch[Q, A]) keys(qs []Q) []string {
	keys := make([]string, len(qs))
	for i, q := range qs {
		keys[i] = b.Key(q)
	}
	return keys
}

// Lookup is the first step of Ask: it answers from the cache what it can without
// waiting. An answer without a state is missing; done is false if any is missing. held
// says that there is a value, perhaps an old one, for at least one question. keys are
// those of qs.
func (b *Batch[Q, A]) Lookup(ctx context.Context, now time.Time, qs []Q, keys []string, d Directives, answers []Answer[A]) (done, held bool) {
	done = true
	var refreshes []due[Q]
	for i, key := range keys {
		if d.Peek {
			answers[i] = b.source.glance(key, b.source.memory.Get(key), now, d)
			continue
		}
		a, answered, has, old := b.source.peek(now, key, d)
		if answered {
			answers[i] = a
			b.source.answers.count(a.State)
		}
		if old != nil {
			refreshes = append(refreshes, due[Q]{qs[i], key, old})
		}
		done, held = done && answered, held || has
	}
	b.refresh(ctx, refreshes)
	return done, held
}

// Fetch is the second step of Ask: it waits for the answers that are missing, no
// longer than ctx. A key that occurs twice is asked once.
func (b *Batch[Q, A]) Fetch(ctx context.Context, qs []Q, keys []string, d Directives, answers []Answer[A]) {
	if why := admit(ctx); why != nil {
		b.refuse(ctx, keys, why, answers)
		return
	}
	ctx, span := b.startSpan(ctx, len(keys))
	defer span.End()
	b.wait(ctx, qs, keys, d, answers)
	describe(span, Batched(answers))
}

// refuse answers what is missing without asking.
func (b *Batch[Q, A]) refuse(ctx context.Context, keys []string, why *Error, answers []Answer[A]) {
	for i, key := range keys {
		if answers[i].State == "" {
			answers[i] = b.source.refused(ctx, key, why)
		}
	}
}
