package upstream

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/cache"
	"tributary/upstream/call"
)

// due is an entry that is to be refreshed.
type due[Q any] struct {
	q   Q
	key string
	old *cache.Entry
}

// carried is a fetch that travels with others.
type carried[Q any] struct {
	q   Q
	key string
	f   *fetch
	at  cache.Stamp // to store the answer under in the shared cache
}

// batchCall is the fetches that one call carries.
type batchCall[Q any] struct {
	progress *call.Progress
	fetches  []carried[Q]
	bytes    int // of query text
}

// batchCalls are the calls that the fetches of one request need.
type batchCalls[Q, A any] struct {
	batch *Batch[Q, A]
	list  []*batchCall[Q]
}

// join is Source.join, with a new fetch put into a call that has room for it.
func (c *batchCalls[Q, A]) join(q Q, key string, seen *cache.Entry, leader func() trace.SpanContext) (f *fetch, mine bool) {
	length := c.batch.spec.Len(q)
	with := c.room(length)
	f, mine = c.batch.source.join(key, seen, func() (trace.SpanContext, *call.Progress) { return leader(), with.progress })
	if mine {
		with.fetches = append(with.fetches, carried[Q]{q: q, key: key, f: f})
		with.bytes += length
	}
	return f, mine
}

// room is a call that has room for one more question of a length.
func (c *batchCalls[Q, A]) room(length int) *batchCall[Q] {
	spec := &c.batch.spec
	if n := len(c.list); n > 0 {
		last := c.list[n-1]
		if len(last.fetches) == 0 || len(last.fetches) < spec.Most && last.bytes+length <= spec.MostBytes {
			return last
		}
	}
	added := &batchCall[Q]{progress: call.NewProgress(c.batch.source.up.fetchBudget)}
	c.list = append(c.list, added)
	return added
}

// have reports whether one of the calls carries a fetch.
func (c *batchCalls[Q, A]) have(f *fetch) bool {
	return slices.ContainsFunc(c.list, func(one *batchCall[Q]) bool { return one.progress == f.progress })
}

// wait waits for the answers that are missing.
func (b *Batch[Q, A]) wait(ctx context.Context, qs []Q, keys []string, d Directives, answers []Answer[A]) {
	var (
		s         = b.source
		start     = time.Now()
		calls     = batchCalls[Q, A]{batch: b}
		leader    = func() trace.SpanContext { return trace.SpanContextFromContext(ctx) }
		refreshes []due[Q]
		fetches   = make([]*fetch, len(keys)) // nil where there is an answer
		mine      = make([]bool, len(keys))
	)
	done := func(i int, a Answer[A]) {
		a.Latency = time.Since(start)
		s.answers.count(a.State)
		answers[i] = a
	}
	for i, key := range keys {
		if answers[i].State != "" {
			continue
		}
		a, old, f, began := s.attach(key, d, func(seen *cache.Entry) (*fetch, bool) { return calls.join(qs[i], key, seen, leader) })
		if old != nil {
			refreshes = append(refreshes, due[Q]{qs[i], key, old})
		}
		if f == nil {
			done(i, a)
			continue
		}
		fetches[i], mine[i] = f, began || calls.have(f)
		if began || !mine[i] { // but for a key that stands there twice
			s.countMiss(ctx, f, mine[i])
		}
	}
	b.refresh(ctx, refreshes)
	b.send(ctx, calls.list, false, func() {})
	for i, f := range fetches {
		if f != nil {
			done(i, s.await(ctx, f, keys[i], mine[i], start))
		}
	}
}

// refresh fetches in the background, in a trace of its own.
func (b *Batch[Q, A]) refresh(ctx context.Context, list []due[Q]) {
	if len(list) == 0 {
		return
	}
	var span trace.Span
	calls := batchCalls[Q, A]{batch: b}
	for _, d := range list {
		calls.join(d.q, d.key, d.old, func() trace.SpanContext {
			if span == nil {
				ctx, span = b.source.startRefresh(ctx)
			}
			return span.SpanContext()
		})
	}
	if span == nil {
		return // all are being fetched, or have just been
	}
	b.send(ctx, calls.list, true, func() { b.endRefresh(span, calls.list) })
}
