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

// carried is a fetch that shares a call with others.
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
	most  int // questions that one call carries
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
		if len(last.fetches) == 0 || len(last.fetches) < c.most && last.bytes+length <= spec.MostBytes {
			return last
		}
	}
	added := &batchCall[Q]{progress: call.NewProgress(c.batch.source.up.fetchBudget)}
	c.list = append(c.list, added)
	return added
}

// most is how many questions one call carries.
func (b *Batch[Q, A]) most(ctx context.Context) int {
	if b.spec.WeightOf == nil || !call.InBatch(ctx) {
		return b.spec.Most
	}
	return min(b.spec.Most, b.source.up.client.MostOfBatch(b.spec.WeightOf(1)))
}

// have reports whether one of the calls carries a fetch.
func (c *batchCalls[Q, A]) have(f *fetch) bool {
	return slices.ContainsFunc(c.list, func(one *batchCall[Q]) bool { return one.progress == f.progress.Load() })
}

// waiting is the fetch that a missing answer will come from. mine: one of our calls
// carries it. A nil fetch: the answer is there already.
type waiting struct {
	f    *fetch
	mine bool
}

// wait waits for the answers that are missing.
func (b *Batch[Q, A]) wait(ctx context.Context, qs []Q, keys []string, d Directives, answers []Answer[A]) {
	start := time.Now()
	fetches, calls := b.join(ctx, qs, keys, d, answers)
	b.send(ctx, calls, false, func() {})
	for i, w := range fetches {
		if w.f != nil {
			answers[i] = b.await(ctx, w, keys[i], start)
		}
	}
}

// join finds or begins the fetches that the missing answers need, and returns the calls
// that have to be sent for them.
func (b *Batch[Q, A]) join(ctx context.Context, qs []Q, keys []string, d Directives, answers []Answer[A]) ([]waiting, []*batchCall[Q]) {
	var (
		s         = b.source
		start     = time.Now()
		calls     = batchCalls[Q, A]{batch: b, most: b.most(ctx)}
		leader    = func() trace.SpanContext { return trace.SpanContextFromContext(ctx) }
		refreshes []due[Q]
		fetches   = make([]waiting, len(keys))
	)
	for i, key := range keys {
		if answers[i].State != "" {
			continue
		}
		a, old, f, began := s.attach(key, d, func(seen *cache.Entry) (*fetch, bool) { return calls.join(qs[i], key, seen, leader) })
		if old != nil {
			refreshes = append(refreshes, due[Q]{qs[i], key, old})
		}
		if f == nil {
			a.Latency = time.Since(start)
			s.answers.count(a.State)
			answers[i] = a
			continue
		}
		w := waiting{f, began || calls.have(f)}
		if began || !w.mine { // false for a key that occurs twice: it is counted once
			s.countMiss(ctx, f, w.mine)
		}
		fetches[i] = w
	}
	b.refresh(ctx, refreshes)
	return fetches, calls.list
}

// await is Source.await, with the answer counted.
func (b *Batch[Q, A]) await(ctx context.Context, w waiting, key string, start time.Time) Answer[A] {
	a := b.source.await(ctx, w.f, key, w.mine, start)
	a.Latency = time.Since(start)
	b.source.answers.count(a.State)
	return a
}

// refresh fetches in the background, in a trace of its own, unless the gateway is too
// busy.
func (b *Batch[Q, A]) refresh(ctx context.Context, list []due[Q]) {
	if len(list) == 0 {
		return
	}
	leave, ok := b.source.up.load.Background()
	if !ok {
		return
	}
	var span trace.Span
	calls := batchCalls[Q, A]{batch: b, most: b.most(ctx)}
	for _, d := range list {
		calls.join(d.q, d.key, d.old, func() trace.SpanContext {
			if span == nil {
				ctx, span = b.source.startRefresh(ctx)
			}
			return span.SpanContext()
		})
	}
	if span == nil {
		leave() // all are being fetched, or have just been
		return
	}
	b.send(ctx, calls.list, true, func() {
		leave()
		b.endSpan(span, calls.list)
	})
}
