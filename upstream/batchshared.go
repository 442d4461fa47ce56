package upstream

import (
	"context"
	"time"

	"tributary/cache"
)

// consult asks the shared cache before the upstream is asked, and ends the fetches
// for which it has an answer. It returns the others.
func (b *Batch[Q, A]) consult(ctx context.Context, fetches []carried[Q]) (rest []carried[Q]) {
	s := b.source
	if s.redis == nil {
		return fetches
	}
	keys := make([]string, len(fetches))
	for i, c := range fetches {
		keys[i] = c.key
	}
	var refreshes []due[Q]
	for i, loaded := range s.redis.LoadMany(ctx, s.group, keys) {
		c := fetches[i]
		found := s.better(c.f, c.q, c.key, loaded.Value)
		if found == nil {
			c.at = loaded.At
			rest = append(rest, c)
			continue
		}
		c.f.entry, c.f.shared = found, true
		if s.finish(c.f, c.key) && !found.Fresh(time.Now()) {
			refreshes = append(refreshes, due[Q]{c.q, c.key, found})
		}
	}
	b.refresh(ctx, refreshes)
	return rest
}

// finish ends fetches, and then stores or invalidates their keys in the shared cache.
func (b *Batch[Q, A]) finish(ctx context.Context, fetches []carried[Q]) {
	s := b.source
	var storing []cache.Storing
	var gone []string
	for _, c := range fetches {
		switch stored := s.finish(c.f, c.key); {
		case c.f.err != nil && c.f.err.Unavailable() && c.f.old.Load() != nil:
			gone = append(gone, c.key)
		case c.f.err == nil && stored && s.redis != nil && !c.f.entry.Terms().Lifetime.Private:
			storing = append(storing, cache.Storing{Key: c.key, At: c.at, Value: encode[A](c.f.entry), For: time.Until(c.f.entry.GoneAt())})
		}
	}
	s.redis.StoreMany(ctx, s.group, storing)
	for _, key := range gone {
		s.redis.Invalidate(ctx, s.group, key, false) // no replica serves the old answer
	}
}
