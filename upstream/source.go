package upstream

import (
	"cmp"
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

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
			Name: spec.Name, Route: spec.Route, Refusal: spec.Refusal, Exhausted: spec.Exhausted,
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

// Close gives back what the source takes of its upstream and of the store. Running
// fetches answer those who wait for them. A closed source still answers, for
// requests that began before, but stores nothing in memory.
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
	if a, done, held = s.lookup(ctx, now, q, key, d); done {
		s.answers.count(a.State)
	}
	return a, done, held
}

// lookup is Lookup without counting. It starts a background refresh where one is
// due.
func (s *Source[Q, A]) lookup(ctx context.Context, now time.Time, q Q, key string, d Directives) (a Answer[A], done, held bool) {
	e := s.memory.Get(key)
	held = e != nil && e.Usable(now)
	switch s.reuse(e, now, d) {
	case Cached:
		s.up.counters.hits.Add(1)
		return s.stored(e, now, Cached), true, held
	case Revalidating:
		s.up.counters.hits.Add(1)
		s.refresh(ctx, q, key, e)
		return s.stored(e, now, Revalidating), true, held
	case Stale:
		s.up.counters.staleServed.Add(1)
		return s.stored(e, now, Stale), true, held
	}
	if d.OnlyIfCached {
		return failure[A](Errorf(CodeNotCached, "not in the cache, and only-if-cached forbids asking"), now), true, held
	}
	return a, false, held
}

// reuse is the state in which a stored entry may be served without asking, ""
// if the upstream must be asked. A caller's directives never ask again for what
// its provider calls fresh.
func (s *Source[Q, A]) reuse(e *cache.Entry, now time.Time, d Directives) State {
	if e == nil || e.Gone(now) {
		return ""
	}
	again := d.MaxAge > 0 && e.Age(now) > d.MaxAge && !now.Before(e.ProviderUntil)
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
	why, ok := e.Why.(*Error)
	return ok && why.Code == CodeNoData && e.CoolUntil.Sub(now) < noDataFor-minAge
}

// refresh fetches in the background, in a trace of its own.
func (s *Source[Q, A]) refresh(ctx context.Context, q Q, key string, old *cache.Entry) {
	ctx = context.WithoutCancel(ctx)
	var span trace.Span
	f, mine := s.join(key, old, func() trace.SpanContext {
		ctx, span = s.up.tracer.Start(ctx, "refresh "+s.spec.Name,
			trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)),
			trace.WithAttributes(sourceName.String(s.spec.Name), attribute.Bool("tributary.refresh", true)))
		return span.SpanContext()
	})
	if !mine {
		return // it is being fetched, or has just been
	}
	go func() {
		defer s.up.work.done()
		s.fetch(ctx, f, q, key, true)
		a := s.fetched(f, time.Now())
		a.Attempts = f.progress.Sent()
		describe(span, a.Provenance)
		span.End()
	}()
}

// Fetch is the second step of Ask: it waits for a fetch of key, its own or
// another caller's, no longer than ctx.
func (s *Source[Q, A]) Fetch(ctx context.Context, q Q, key string, d Directives) Answer[A] {
	start := time.Now()
	ctx, span := s.up.tracer.Start(ctx, s.spec.Name, trace.WithAttributes(sourceName.String(s.spec.Name)))
	a := s.wait(ctx, q, key, d)
	a.Latency = time.Since(start)
	s.answers.count(a.State)
	describe(span, a.Provenance)
	span.End()
	return a
}

func (s *Source[Q, A]) wait(ctx context.Context, q Q, key string, d Directives) Answer[A] {
	var (
		f     *fetch
		mine  bool
		start = time.Now()
	)
	for f == nil { // until the entry does not change between looking and joining
		seen := s.memory.Get(key)
		now := time.Now()
		if a, done, _ := s.lookup(ctx, now, q, key, d); done {
			return a
		}
		if s.up.work.life.Err() != nil {
			return s.staleIfError(seen, Errorf(CodeCanceled, "the gateway is shutting down"), now)
		}
		f, mine = s.join(key, seen, func() trace.SpanContext { return trace.SpanContextFromContext(ctx) })
	}
	s.up.counters.misses.Add(1)
	if mine {
		go func() {
			defer s.up.work.done()
			s.fetch(context.WithoutCancel(ctx), f, q, key, false)
		}()
	} else {
		s.up.counters.coalesced.Add(1)
		if f.leader.IsValid() {
			trace.SpanFromContext(ctx).AddLink(trace.Link{SpanContext: f.leader})
		}
	}

	select {
	case <-f.done:
	case <-ctx.Done():
	}
	var a Answer[A]
	if f.isDone() {
		a = s.fetched(f, time.Now())
	} else {
		a = s.stopWaiting(ctx, f, key, time.Now())
	}
	a.Attempts, a.Collapsed = f.progress.Sent(), !mine
	a.Forward = forward(f.old.Load(), start)
	if a.State == Stale {
		s.up.counters.staleServed.Add(1)
	}
	return a
}

// forward is why the upstream is asked although old was stored.
func forward(old *cache.Entry, now time.Time) Forward {
	switch {
	case old == nil || old.Err != nil:
		return FwdMiss
	case old.Fresh(now):
		return FwdRequest
	}
	return FwdStale
}
