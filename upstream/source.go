package upstream

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"tributary/cache"
)

// notFoundFor is how long "it does not exist" is stored, noDataFor how long
// "nothing that can be used".
const (
	notFoundFor = 30 * time.Second
	noDataFor   = 5 * time.Minute
)

// Source is a question that one upstream can answer, safely: from memory while
// that is good enough, otherwise through the policies, with one flight a key
// however many wait, and from memory again when that fails. It is safe for
// concurrent use.
type Source[Q, A any] struct {
	up       *Upstream
	spec     Spec[Q, A]
	memory   *cache.Memory
	latency  *latencies
	tally    *tally
	group    string    // of its keys in the second tier
	holdBack *holdBack // after its credentials, or what it asks for, were refused

	asked, behind failsafe.Executor[*outcome]

	mu      sync.Mutex // guards flights, and memory between looking and storing
	flights map[string]*flight

	unreadable sync.Once // has been said
}

// NewSource makes a source of an upstream; an upstream may have many.
func NewSource[Q, A any](up *Upstream, spec Spec[Q, A]) *Source[Q, A] {
	s := &Source[Q, A]{
		up:       up,
		spec:     spec,
		memory:   up.store.NewMemory(),
		latency:  &latencies{quantile: up.policies.HedgeQuantile},
		tally:    up.newTally(spec.Name),
		group:    up.name + spec.Route,
		holdBack: &holdBack{},
		flights:  make(map[string]*flight),
	}
	s.asked, s.behind = up.stack(s.asker(), s.hedgeDelay)
	if spec.Mutable {
		up.redis.OnInvalidate(s.group, s.invalidate)
	}
	return s
}

// asker is what the policies know of the source.
func (s *Source[Q, A]) asker() asker {
	return asker{holdBack: s.holdBack, weight: cmp.Or(s.spec.Weight, 1)}
}

// Name is the source's name in the contract.
func (s *Source[Q, A]) Name() string { return s.spec.Name }

// Ask answers q, from memory or by asking, and returns at the latest when ctx
// is done: with an old value if there is one. The fetch then goes on for
// whoever asks next.
func (s *Source[Q, A]) Ask(ctx context.Context, q Q, w Wish) Answer[A] {
	key := s.spec.Key(q)
	if a, done, _ := s.recall(ctx, time.Now(), q, key, w); done {
		s.tally.count(a.State)
		return a
	}
	return s.ask(ctx, q, key, w)
}

// recall answers from memory where that is allowed without waiting, and sends
// a refresh behind where one is due. Otherwise it is not done, unless that is
// all that the caller wants, and held says whether there is an old value.
func (s *Source[Q, A]) recall(ctx context.Context, now time.Time, q Q, key string, w Wish) (a Answer[A], done, held bool) {
	a, done, held = s.remember(ctx, now, q, key, w)
	if !done && w.OnlyCached {
		return s.failure(Errorf(CodeNotCached, "not in the cache, and only-if-cached forbids asking"), now), true, held
	}
	return a, done, held
}

func (s *Source[Q, A]) remember(ctx context.Context, now time.Time, q Q, key string, w Wish) (a Answer[A], done, held bool) {
	e := s.memory.Get(key)
	if e == nil || e.Gone(now) || e.Err != nil && !e.Fresh(now) {
		return a, false, false
	}
	held = e.Usable(now)
	again := w.MaxAge > 0 && e.Age(now) > w.MaxAge && !now.Before(e.ProviderUntil)
	switch {
	case e.Fresh(now) && !again:
		s.up.hits.Add(1)
		a = s.remembered(e, now, Cached)
	case held && e.Quiet(now) && !(w.MaxAge > 0 && noDataAgain(e, now)):
		s.up.staleServed.Add(1)
		a = s.remembered(e, now, Stale)
	case e.Revalidatable(now) && !again:
		s.up.hits.Add(1)
		s.refresh(ctx, q, key, e)
		a = s.remembered(e, now, Revalidating)
	default:
		return a, false, held
	}
	return a, true, held
}

// noDataAgain reports whether a caller's no-cache may end the cooldown of an
// entry: where the last answer had no data, after minAge.
func noDataAgain(e *cache.Entry, now time.Time) bool {
	why, ok := e.Why.(*Error)
	return ok && why.Code == CodeNoData && e.QuietUntil.Sub(now) < noDataFor-minAge
}

// remembered is the answer that an entry gives.
func (s *Source[Q, A]) remembered(e *cache.Entry, now time.Time, state State) Answer[A] {
	a := Answer[A]{Provenance: Provenance{State: state, Version: e.Version, Age: e.Age(now), FreshUntil: e.FreshUntil}}
	if e.Err != nil {
		a.State, a.Err = stateOf(e.Err.(*Error)), e.Err.(*Error)
		return a
	}
	a.Value = e.Value.(A)
	if state == Stale {
		a.Err = e.Why.(*Error)
		a.Status = a.Err.Status
	}
	return a
}

// stateOf is the state of an answer without a value.
func stateOf(e *Error) State {
	if e.Code == CodeNotFound {
		return Skipped
	}
	return Failed
}

// refresh asks in the background, in a trace of its own.
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
		return // it is being asked, or has just been
	}
	go func() {
		defer s.up.flights.Done()
		s.fly(ctx, s.behind, f, q, key, false)
		a := s.arrived(f, time.Now())
		a.Attempts = int(f.sent.Load())
		describe(span, a.Provenance)
		span.End()
	}()
}

// ask waits for a flight of key, its own or somebody else's.
func (s *Source[Q, A]) ask(ctx context.Context, q Q, key string, w Wish) Answer[A] {
	start := time.Now()
	ctx, span := s.up.tracer.Start(ctx, s.spec.Name, trace.WithAttributes(sourceName.String(s.spec.Name)))
	a := s.await(ctx, q, key, w)
	a.Latency = time.Since(start)
	s.tally.count(a.State)
	describe(span, a.Provenance)
	span.End()
	return a
}

func (s *Source[Q, A]) await(ctx context.Context, q Q, key string, w Wish) Answer[A] {
	var (
		f     *flight
		mine  bool
		start = time.Now()
	)
	for f == nil { // until memory stands still between looking and joining
		seen := s.memory.Get(key)
		now := time.Now()
		if a, done, _ := s.recall(ctx, now, q, key, w); done {
			return a
		}
		if s.up.life.Err() != nil {
			return s.without(seen, Errorf(CodeCanceled, "the gateway is shutting down"), now)
		}
		f, mine = s.join(key, seen, func() trace.SpanContext { return trace.SpanContextFromContext(ctx) })
	}
	s.up.misses.Add(1)
	if mine {
		go func() {
			defer s.up.flights.Done()
			s.fly(context.WithoutCancel(ctx), s.asked, f, q, key, true)
		}()
	} else {
		s.up.coalesced.Add(1)
		if f.leader.IsValid() {
			trace.SpanFromContext(ctx).AddLink(trace.Link{SpanContext: f.leader})
		}
	}

	select {
	case <-f.done:
	case <-ctx.Done():
	}
	var a Answer[A]
	if f.landed() {
		a = s.arrived(f, time.Now())
	} else {
		a = s.abandon(ctx, f, key, time.Now())
	}
	a.Attempts, a.Shared = int(f.sent.Load()), !mine
	old := f.old.Load()
	a.Asked, a.Held = true, old != nil && old.Err == nil
	a.Wished = a.Held && old.Fresh(start)
	if a.State == Stale {
		s.up.staleServed.Add(1)
	}
	return a
}

// join is the running fetch of key, or a new one that the caller has to carry
// out, in the trace that leader begins. It is nil when memory is no longer what
// the caller saw, and when the upstream is closed.
func (s *Source[Q, A]) join(key string, seen *cache.Entry, leader func() trace.SpanContext) (f *flight, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.flights[key]; f != nil {
		return f, false
	}
	if s.memory.Get(key) != seen || !s.up.begin() {
		return nil, false
	}
	f = newFlight(seen, s.up.flightBudget, leader()) // known before others can see it
	s.flights[key] = f
	return f, true
}

// fly takes the flight through the policies and lands it. ctx carries values
// only; the upstream's Close is what cancels it, and waits for it.
func (s *Source[Q, A]) fly(ctx context.Context, policies failsafe.Executor[*outcome], f *flight, q Q, key string, urgent bool) {
	found, at, done, ask := s.consult(ctx, f, key, urgent)
	defer done()
	switch {
	case found != nil:
		f.out = &outcome{entry: found, shared: true}
	case !ask: // another replica does
		f.out = &outcome{entry: f.old.Load(), shared: true}
	default:
		f.out, f.err = s.up.run(ctx, policies, f, s.exchange(f, q, key))
	}
	kept := s.land(f, key)
	switch {
	case f.err != nil && f.err.unavailable() && f.old.Load() != nil:
		s.up.redis.Invalidate(ctx, s.group, key, false) // no replica serves the old answer
	case f.err != nil || f.out.why != nil || !kept:
	case !f.out.shared && !f.out.entry.Lifetime.Private:
		e := f.out.entry
		s.up.redis.Store(ctx, s.group, key, at, encode[A](e), time.Until(e.GoneAt))
	case found != nil && !found.Fresh(time.Now()):
		s.refresh(ctx, q, key, found)
	}
}

// land stores what the flight brought and lets everybody have it. Storing and
// leaving the map are one step, or a second flight could begin in between.
func (s *Source[Q, A]) land(f *flight, key string) (kept bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(f.done)
	if f.disowned {
		return false
	}
	now := time.Now()
	switch {
	case f.err != nil:
		s.storeFailure(key, f, now)
	case f.out.why != nil:
		s.hush(key, f.out.entry, now, f.out.why)
	default:
		s.memory.Set(key, f.out.entry)
	}
	delete(s.flights, key)
	return true
}

// storeFailure stores an answer without a value that would be the same if asked
// for again. s.mu is held.
func (s *Source[Q, A]) storeFailure(key string, f *flight, now time.Time) {
	e := &cache.Entry{Err: f.err, StoredAt: now}
	old := f.old.Load()
	switch lasts, doubles := failureLasts(f.err); {
	case lasts == 0 || f.sent.Load() == 0:
		return
	case doubles:
		if old != nil {
			e.Refusals = old.Refusals
		}
		lasts = doubled(lasts, refusedMost, e.Refusals)
		e.Refusals++
		e.Spans = cache.For(now, lasts)
		e.ProviderUntil = e.FreshUntil           // a caller's no-cache does not ask before
		e.GoneAt = e.FreshUntil.Add(refusedMost) // the count of refusals outlasts the refusal
	default:
		e.Spans = cache.For(now, lasts)
	}
	s.memory.Set(key, e)
}

// failureLasts is how long the answer to one request is taken for the answer to
// the next, 0 if not at all; doubles says that it lasts twice as long each time.
func failureLasts(e *Error) (lasts time.Duration, doubles bool) {
	switch e.Code {
	case CodeNotFound:
		return notFoundFor, false
	case CodeNoData:
		return noDataFor, false
	case CodeForbidden:
		return refusedFor, true
	}
	return 0, false
}

// hush begins the cooldown of a key after asking for it has failed: until it is
// over the old value is served at once. s.mu is held.
func (s *Source[Q, A]) hush(key string, old *cache.Entry, now time.Time, why *Error) {
	e := s.memory.Get(key)
	if e == nil || e.Version != old.Version {
		return // it is another value by now
	}
	quiet := s.up.policies.Breaker.Delay
	lasts, doubles := failureLasts(why)
	refusals := 0
	switch {
	case why.Code == CodeCanceled:
		return
	case why.Code == CodeCircuitOpen || why.Code == CodeOverloaded:
		// The upstream was not asked: until the breaker may let a call through.
		quiet = max(why.RetryAfter, min(quiet, 500*time.Millisecond))
	case why.RetryAfter > 0:
		quiet = min(why.RetryAfter, maxHoldBack)
	case doubles:
		quiet = doubled(lasts, refusedMost, e.Refusals)
		refusals = e.Refusals + 1
	case lasts > 0:
		quiet = lasts
	}
	hushed := e.Hushed(now.Add(quiet), why)
	hushed.Refusals = refusals
	s.memory.Set(key, hushed)
}

// Remove removes what is stored for q, in every replica, and discards the
// result of a running fetch, which may have read the old value.
func (s *Source[Q, A]) Remove(q Q) { s.invalidateEverywhere(s.spec.Key(q), false) }

// RemoveAll is Remove for every question.
func (s *Source[Q, A]) RemoveAll() { s.invalidateEverywhere("", false) }

// Invalidate makes the source ask the upstream before it answers q again, in
// every replica. What is stored is kept for when asking fails (RFC 9111 §4.4).
func (s *Source[Q, A]) Invalidate(q Q) { s.invalidateEverywhere(s.spec.Key(q), true) }

// InvalidateAll is Invalidate for every question.
func (s *Source[Q, A]) InvalidateAll() { s.invalidateEverywhere("", true) }

func (s *Source[Q, A]) invalidateEverywhere(key string, keep bool) {
	s.invalidate(key, keep)
	s.up.redis.Invalidate(context.Background(), s.group, key, keep)
}

// invalidate invalidates a key in this process, and with "" all of them.
func (s *Source[Q, A]) invalidate(key string, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case key != "" && keep:
		s.memory.Invalidate(time.Now(), key)
	case key != "":
		s.memory.Delete(key)
	case keep:
		s.memory.InvalidateAll(time.Now())
	default:
		s.memory.Clear()
	}
	if key != "" {
		s.disown(key)
		return
	}
	for key := range s.flights {
		s.disown(key)
	}
}

// disown lets the flight of key answer those who wait for it, and nobody else.
// s.mu is held.
func (s *Source[Q, A]) disown(key string) {
	if f := s.flights[key]; f != nil {
		f.disowned = true
		delete(s.flights, key)
	}
}

// arrived is the answer of a flight that is over.
func (s *Source[Q, A]) arrived(f *flight, now time.Time) Answer[A] {
	if f.err != nil && f.err.Code == CodeCanceled {
		return s.without(f.old.Load(), f.err, now) // with its context done, failsafe skips the fallback
	}
	if f.err != nil {
		return s.failure(f.err, now)
	}
	if f.out.why != nil {
		return s.stale(f.out.entry, f.out.why, now)
	}
	if f.out.shared {
		state := Cached
		if !f.out.entry.Fresh(now) {
			state = Revalidating
		}
		return s.remembered(f.out.entry, now, state)
	}
	a := s.remembered(f.out.entry, now, Live)
	a.Age, a.Status = 0, f.out.status
	a.Stored = !f.out.entry.Gone(now)
	return a
}

// abandon is the answer of a flight that the caller stops waiting for.
func (s *Source[Q, A]) abandon(ctx context.Context, f *flight, key string, now time.Time) Answer[A] {
	why := Errorf(CodeCanceled, "the caller has closed its request")
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(context.Cause(ctx), errPatience) {
		why = Errorf(CodeTimeout, "no answer in time")
		if last := f.last.Load(); last != nil {
			why = last // it is being repeated, and this is why
		}
	}
	a := s.without(f.old.Load(), why, now)
	if a.State != Stale {
		return a
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flights[key] == f {
		s.hush(key, f.old.Load(), now, why) // nobody has to find out again how slow it is
	}
	return a
}

// without is the answer where none came: the old value, if it may be served.
func (s *Source[Q, A]) without(old *cache.Entry, why *Error, now time.Time) Answer[A] {
	if old == nil || !old.Usable(now) {
		return s.failure(why, now)
	}
	return s.stale(old, why, now)
}

func (s *Source[Q, A]) stale(e *cache.Entry, why *Error, now time.Time) Answer[A] {
	return s.remembered(e.Hushed(now, why), now, Stale)
}

func (s *Source[Q, A]) failure(e *Error, now time.Time) Answer[A] {
	p := Provenance{State: stateOf(e), Err: e, Status: e.Status}
	if e.Code == CodeNotFound {
		p.FreshUntil = now.Add(notFoundFor)
	}
	return Answer[A]{Provenance: p}
}

// hedgeDelay is when an attempt gets a hedge; negative: not yet known.
func (s *Source[Q, A]) hedgeDelay() time.Duration {
	if d := s.latency.hedge.Load(); d > 0 {
		return time.Duration(d)
	}
	return -1
}
