package upstream

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/cache"
	"tributary/telemetry/story"
	"tributary/upstream/call"
)

// ErrPatience is the cause of a context that ended because other sources had
// answered: what is still missing counts as timed out.
var ErrPatience = errors.New("other sources have answered")

// Fetch is the second step of Ask: it waits for a fetch of key, its own or
// another caller's, no longer than ctx.
func (s *Source[Q, A]) Fetch(ctx context.Context, q Q, key string, d Directives) Answer[A] {
	if !s.isFetching(key) { // waiting for a running fetch costs next to nothing
		if why := admit(ctx); why != nil {
			return s.refused(ctx, key, why)
		}
	}
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
	start := time.Now()
	a, due, f, mine := s.attach(key, d, func(seen *cache.Entry) (*fetch, bool) {
		return s.join(key, seen, func() (trace.SpanContext, *call.Progress) {
			return trace.SpanContextFromContext(ctx), call.NewProgress(s.up.fetchBudget)
		})
	})
	if due != nil {
		s.refresh(ctx, q, key, due)
	}
	if f == nil {
		return a
	}
	s.countMiss(ctx, f, mine)
	if mine {
		go func() {
			defer s.up.work.done()
			s.fetch(context.WithoutCancel(ctx), f, q, key, false)
		}()
	}
	return s.await(ctx, f, key, mine, start)
}

// attach joins the fetch of key. f is nil when there is an answer by now: from the
// cache, where due is an entry that is to be refreshed, or because the upstream is
// closed.
func (s *Source[Q, A]) attach(key string, d Directives, join func(seen *cache.Entry) (*fetch, bool)) (a Answer[A], due *cache.Entry, f *fetch, mine bool) {
	for f == nil { // until the entry does not change between looking and joining
		seen := s.memory.Get(key)
		now := time.Now()
		var done bool
		if a, done, _, due = s.peek(now, key, d); done {
			return a, due, nil, false
		}
		if s.up.work.life.Err() != nil {
			return s.staleIfError(seen, Errorf(CodeCanceled, "the gateway is shutting down"), now), nil, nil, false
		}
		f, mine = join(seen)
	}
	return a, nil, f, mine
}

// countMiss counts a caller that waits for a fetch, and links its span with that of
// the caller that began the fetch.
func (s *Source[Q, A]) countMiss(ctx context.Context, f *fetch, mine bool) {
	s.up.counters.misses.Add(1)
	if mine {
		return
	}
	s.up.counters.collapsed.Add(1)
	joined := story.Step{What: story.Joined}
	if f.leader.IsValid() {
		trace.SpanFromContext(ctx).AddLink(trace.Link{SpanContext: f.leader})
		joined.Text = f.leader.TraceID().String()
	}
	s.tell(ctx, joined)
}

// await waits for a fetch of key, no longer than ctx. mine: this caller has begun it.
func (s *Source[Q, A]) await(ctx context.Context, f *fetch, key string, mine bool, start time.Time) Answer[A] {
	late := s.awaitUsual(ctx, f, start)
	var a Answer[A]
	if f.isDone() {
		a = s.fetched(f, time.Now())
	} else {
		a = s.stopWaiting(ctx, f, key, late, time.Now())
		s.tell(ctx, story.Step{What: story.GaveUp, Took: time.Since(start)})
		if a.State == Stale {
			s.tell(ctx, story.Step{What: story.Fallback, Code: string(a.Err.Code), Took: a.Age})
		}
	}
	a.Attempts, a.Collapsed = f.sent(), !mine
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

// stopWaiting is the answer for a caller that stops waiting for a fetch. late is the
// reason if the fetch takes longer than usual, else nil.
func (s *Source[Q, A]) stopWaiting(ctx context.Context, f *fetch, key string, late *Error, now time.Time) Answer[A] {
	why := Errorf(CodeCanceled, "the caller has closed its request")
	if late != nil || errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(context.Cause(ctx), ErrPatience) {
		why = cmp.Or(late, Errorf(CodeTimeout, "no answer in time"))
		if last := f.progress.Load().LastError(); last != nil {
			why = last // the failure because of which it is being retried
		}
	}
	old := f.old.Load()
	a := s.staleIfError(old, why, now)
	if a.State != Stale {
		return a
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetches[key] == f {
		s.coolDown(key, old, now, why) // so that the next callers do not wait as long
	}
	return a
}

// refresh fetches in the background, in a trace of its own, unless the gateway is too
// busy.
func (s *Source[Q, A]) refresh(ctx context.Context, q Q, key string, old *cache.Entry) {
	if s.isFetching(key) {
		return
	}
	leave, ok := s.up.load.Background()
	if !ok {
		return
	}
	ctx = context.WithoutCancel(ctx)
	var span trace.Span
	f, mine := s.join(key, old, func() (trace.SpanContext, *call.Progress) {
		ctx, span = s.startRefresh(ctx)
		return span.SpanContext(), call.NewProgress(s.up.fetchBudget)
	})
	if !mine {
		leave() // it is being fetched, or has just been
		return
	}
	go func() {
		defer s.up.work.done()
		defer leave()
		s.fetch(ctx, f, q, key, true)
		a := s.fetched(f, time.Now())
		a.Attempts = f.sent()
		describe(span, a.Provenance)
		span.End()
	}()
}
