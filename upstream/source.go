package upstream

import (
	"cmp"
	"context"
	"sync"
	"time"

	"tributary/cache"
	"tributary/upstream/call"
)

// Source answers one kind of question about an upstream: fresh answers come from the
// cache, others from the upstream with one fetch per key. If the fetch fails, a stale
// answer is served. It is safe for concurrent use.
type Source[Q, A any] struct {
	up       *Upstream
	spec     Spec[Q, A]
	endpoint *call.Endpoint
	memory   *cache.Memory
	redis    *cache.Redis // nil: its answers are not shared
	answers  *answerCount
	group    string // of its keys in the shared cache
	close    func()

	mu      sync.Mutex // guards fetches, and memory between looking and storing
	fetches map[string]*fetch

	unreadable sync.Once // an entry of the shared cache, has been logged
}

// NewSource makes a source of an upstream; an upstream may have many.
func NewSource[Q, A any](up *Upstream, spec Spec[Q, A]) *Source[Q, A] {
	s := &Source[Q, A]{
		up:   up,
		spec: spec,
		endpoint: up.client.Endpoint(call.EndpointConfig{
			Name: spec.Name, Route: spec.Route, Accepts: spec.Accepts, Refusal: spec.Refusal, Exhausted: spec.Exhausted,
			Weight: cmp.Or(spec.Weight, 1), Forbidden: spec.Forbidden, LimitPause: spec.LimitPause, Private: spec.Private,
			Callers: spec.Caller != nil,
		}),
		memory:  up.store.NewMemory(),
		redis:   up.redis,
		answers: up.counters.of(spec.Name),
		group:   cmp.Or(spec.Group, up.Name()+spec.Route),
		fetches: make(map[string]*fetch),
	}
	if spec.Caller != nil {
		s.redis = nil
	}
	stop := func() {}
	if spec.Mutable {
		stop = s.redis.OnInvalidate(s.group, s.invalidate)
	}
	s.close = sync.OnceFunc(func() {
		stop()
		up.store.Drop(s.memory)
		up.counters.leave(s.answers)
		s.endpoint.Close()
	})
	return s
}

// Close frees the source's room in the store, and what it has registered at its
// upstream. Running fetches still answer their waiters. A closed source answers requests
// that began before, but stores nothing in memory.
func (s *Source[Q, A]) Close() { s.close() }

// Name is the source's name in the contract.
func (s *Source[Q, A]) Name() string { return s.spec.Name }

// Ask answers q from the cache or from the upstream. It returns at the latest
// when ctx is done, with an old value if there is one; the fetch then goes on,
// and its answer is stored.
func (s *Source[Q, A]) Ask(ctx context.Context, q Q, d Directives) Answer[A] {
	key := s.spec.Key(q)
	if a, done, _ := s.Lookup(ctx, time.Now(), q, key, d); done {
		return a
	}
	return s.Fetch(ctx, q, key, d)
}

// Key is the key of q: equal questions have equal keys.
func (s *Source[Q, A]) Key(q Q) string { return s.spec.Key(q) }

// Lookup is the first step of Ask: it answers from the cache where that is
// allowed without waiting. done is false when the upstream must be asked; held
// says that there is an old value for when asking fails. key is that of q.
func (s *Source[Q, A]) Lookup(ctx context.Context, now time.Time, q Q, key string, d Directives) (a Answer[A], done, held bool) {
	if d.Peek {
		return s.glance(key, s.memory.Get(key), now, d), true, false
	}
	if a, done, held = s.lookup(ctx, now, q, key, d); done {
		s.answers.count(a.State)
	}
	return a, done, held
}

// lookup is Lookup without counting. It starts a background refresh where one is
// due.
func (s *Source[Q, A]) lookup(ctx context.Context, now time.Time, q Q, key string, d Directives) (a Answer[A], done, held bool) {
	a, done, held, due := s.peek(now, key, d)
	if due != nil {
		s.refresh(ctx, q, key, due)
	}
	return a, done, held
}

// peek answers from memory where that is allowed without waiting. due is an entry
// that was served although a refresh of it is due.
func (s *Source[Q, A]) peek(now time.Time, key string, d Directives) (a Answer[A], done, held bool, due *cache.Entry) {
	e := s.memory.Get(key)
	held = e != nil && e.Usable(now)
	switch s.reuse(e, now, d) {
	case Cached:
		s.up.counters.hits.Add(1)
		return s.stored(e, now, Cached), true, held, nil
	case Revalidating:
		s.up.counters.hits.Add(1)
		return s.stored(e, now, Revalidating), true, held, e
	case Stale:
		s.up.counters.staleServed.Add(1)
		return s.stored(e, now, Stale), true, held, nil
	}
	if d.OnlyIfCached {
		return failure[A](errNotCached(), now), true, held, nil
	}
	return a, false, held, nil
}

func errNotCached() *Error {
	return Errorf(CodeNotCached, "not in the cache, and only-if-cached forbids asking")
}

// reuse is the state in which a stored entry may be served without asking, ""
// if the upstream must be asked. A caller's directives exclude no entry whose
// provider's own lifetime has not ended.
func (s *Source[Q, A]) reuse(e *cache.Entry, now time.Time, d Directives) State {
	if e == nil || e.Gone(now) {
		return ""
	}
	again := d.MaxAge > 0 && e.Age(now) > d.MaxAge && !now.Before(e.Terms().Until)
	switch {
	case e.Fresh(now) && !again:
		return Cached
	case e.Usable(now) && e.Cooling(now) && !(d.MaxAge > 0 && noDataAgain(e, now)):
		return Stale
	case e.Err == nil && e.Revalidatable(now) && !again:
		return Revalidating
	}
	return ""
}

// noDataAgain reports whether a caller's no-cache ends an entry's cooldown: only if
// the last answer had no data and is older than minAge.
func noDataAgain(e *cache.Entry, now time.Time) bool {
	why, ok := e.Cooldown().Why.(*Error)
	return ok && why.Code == CodeNoData && e.Cooldown().Until.Sub(now) < noDataFor-minAge
}
