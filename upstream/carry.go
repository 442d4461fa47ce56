package upstream

import (
	"context"
	"net/http"
	"sync"
	"time"

	"tributary/cache"
	"tributary/upstream/call"
)

// send carries calls out side by side, for as long as they take. ended is called
// when all have ended.
func (b *Batch[Q, A]) send(ctx context.Context, calls []*batchCall[Q], background bool, ended func()) {
	if len(calls) == 0 {
		ended()
		return
	}
	ctx = context.WithoutCancel(ctx)
	var all sync.WaitGroup
	for _, c := range calls {
		all.Go(func() { b.carry(ctx, c, background) })
	}
	go func() {
		all.Wait()
		ended()
		for _, c := range calls {
			for range c.fetches {
				b.source.up.work.done()
			}
		}
	}()
}

// carry takes fetches through the policies as one call: one success or failure for
// the breaker, one retry, one request in the quota. Each fetch then ends by itself.
// What the shared cache has is not asked for. Unlike a Source's, a fetch does not
// take the lease of its key: replicas may ask for the same key at the same time.
func (b *Batch[Q, A]) carry(ctx context.Context, c *batchCall[Q], background bool) {
	if rest := b.consult(ctx, c.fetches); len(rest) > 0 {
		b.ask(ctx, c.progress, rest, background, 0)
	}
}

// call asks the upstream. spoilt are the fetches that have no answer because of another
// question in the same call. spoiler is the fetch of that question, if the answer shows
// which it is.
func (b *Batch[Q, A]) call(ctx context.Context, p *call.Progress, fetches []carried[Q], background bool) (answered, spoilt, spoiler []carried[Q]) {
	s := b.source
	if len(fetches) == 1 && b.spec.Request != nil {
		s.call(ctx, fetches[0].f, fetches[0].q, fetches[0].key, background)
		return fetches, nil, nil
	}
	qs := make([]Q, len(fetches))
	for i, c := range fetches {
		qs[i] = c.q
		c.f.expires, c.f.batched = s.caller(c.q).Expires, call.InBatch(ctx)
	}
	one := call.Call{
		Key:         fetches[0].key,
		Credentials: s.caller(qs[0]).Credentials, // the questions of one request have one caller
		Request:     func(ctx context.Context) (*http.Request, error) { return b.spec.RequestAll(ctx, qs) },
		Read:        func(r Response) (any, error) { return b.read(fetches, qs, r) },
		Background:  background,
	}
	if b.spec.WeightOf != nil {
		one.Weight = b.spec.WeightOf(len(qs))
	}
	result, err := s.up.do(ctx, s.endpoint, one, p)
	if err != nil && len(fetches) > 1 && b.spec.Spoils != nil && b.spec.Spoils(err) {
		return nil, fetches, nil
	}
	var fellBack *carried[Q]
	for i, c := range fetches {
		var found outcome
		if err == nil {
			found = result.Value.([]outcome)[i]
		}
		switch {
		case found.again && found.err != nil:
			spoiler = append(spoiler, c)
			continue
		case found.again:
			spoilt = append(spoilt, c)
			continue
		case err != nil:
			c.f.err = err
		default:
			c.f.entry, c.f.err, c.f.status = found.entry, found.err, result.Status
		}
		answered = append(answered, c)
		if fellBack == nil && c.f.err != nil && s.servedOnError(c.f.old.Load(), c.f.err, time.Now()) {
			fellBack = &fetches[i]
		}
	}
	if fellBack != nil { // once for the call, whatever the number of its questions
		s.tellFallback(ctx, fellBack.f.old.Load(), fellBack.f.err)
	}
	return answered, spoilt, spoiler
}

// outcome is what an answer has for one of the questions.
type outcome struct {
	entry *cache.Entry
	err   *Error
	again bool // see Item.Again
}

// read is what an answer has for each of the questions.
func (b *Batch[Q, A]) read(fetches []carried[Q], qs []Q, r Response) ([]outcome, error) {
	items, err := b.spec.DecodeAll(qs, r)
	if err != nil {
		return nil, err
	}
	life := lifetime(r.Header, r.At)
	outcomes := make([]outcome, len(fetches))
	for i, c := range fetches {
		item, found := items[c.key]
		err := item.Err
		outcomes[i].again = item.Again && len(fetches) > 1
		if found && err == nil && !item.Again && b.spec.Check != nil {
			err = b.spec.Check(c.q, item.Value)
		}
		switch {
		case !found:
			outcomes[i].err = Errorf(CodeNotFound, "it is not in the answer")
		case err != nil:
			outcomes[i].err = call.Invalid(err)
		case item.Again && !outcomes[i].again: // it is the only question: no other can be the reason
			outcomes[i].err = Errorf(CodeInvalidResponse, "it is not in the answer")
		case item.Again:
		default:
			e := &cache.Entry{Value: item.Value, Size: item.Size, Version: b.source.up.store.NextVersion(), StoredAt: r.At}
			b.source.setWindows(e, life)
			endWithCaller(e, c.f.expires)
			outcomes[i].entry = e
		}
		if e := outcomes[i].err; e != nil && e.Status == 0 {
			withStatus := *e
			withStatus.Status = r.Status
			outcomes[i].err = &withStatus
		}
	}
	return outcomes, nil
}
