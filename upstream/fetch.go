package upstream

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/cache"
	"tributary/upstream/call"
)

// How long an answer without a value is stored.
const (
	notFoundFor = 30 * time.Second
	noDataFor   = 5 * time.Minute
)

// ErrPatience is the cause of a context that ended because other sources had
// answered: what is still missing counts as timed out.
var ErrPatience = errors.New("other sources have answered")

// fetch is one question to an upstream, with its retries and hedges. It belongs
// to its key and not to a caller: it goes on when the caller that began it has
// left, for a constant time, and any number of callers may wait for it.
type fetch struct {
	old      atomic.Pointer[cache.Entry] // what was stored when it began; nil: nothing
	leader   trace.SpanContext           // of the caller that began it
	progress *call.Progress

	unconditional atomic.Bool // no validators are to be sent: a 304 did not fit them
	discarded     bool        // guarded by the source's mu: its result is not to be stored

	done   chan struct{}
	entry  *cache.Entry // after done, unless err
	err    *Error
	shared bool // the entry is from the shared cache: the upstream was not asked here
	status int  // of the upstream's answer

	expires time.Time // of the caller's credentials; zero: never
}

// isDone reports whether the fetch is over.
func (f *fetch) isDone() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// join is the running fetch of key, or a new one that the caller has to carry
// out, in the trace that leader begins. It is nil when the stored entry is no
// longer what the caller saw, and when the upstream is closed.
func (s *Source[Q, A]) join(key string, seen *cache.Entry, leader func() trace.SpanContext) (f *fetch, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.fetches[key]; f != nil {
		return f, false
	}
	if s.memory.Get(key) != seen || !s.up.work.begin() {
		return nil, false
	}
	// The leader is set before others can see the fetch.
	f = &fetch{leader: leader(), progress: call.NewProgress(s.up.fetchBudget), done: make(chan struct{})}
	f.old.Store(seen)
	s.fetches[key] = f
	return f, true
}

// fetch carries out a fetch and stores its result, here and in the shared cache.
// ctx carries values only; the upstream's Close cancels it, and waits for it.
func (s *Source[Q, A]) fetch(ctx context.Context, f *fetch, q Q, key string, background bool) {
	found, at, done, ask := s.consult(ctx, f, q, key, !background)
	defer done()
	switch {
	case found != nil:
		f.entry, f.shared = found, true
	case !ask: // another replica does
		f.entry, f.shared = f.old.Load(), true
	default:
		s.call(ctx, f, q, key, background)
	}
	stored := s.finish(f, key)
	switch {
	case f.err != nil && f.err.Unavailable() && f.old.Load() != nil:
		s.redis.Invalidate(ctx, s.group, key, false) // no replica serves the old answer
	case f.err != nil || !stored:
	case !f.shared && !f.entry.Lifetime.Private:
		s.redis.Store(ctx, s.group, key, at, encode[A](f.entry), time.Until(f.entry.GoneAt))
	case found != nil && !found.Fresh(time.Now()):
		s.refresh(ctx, q, key, found)
	}
}

// call asks the upstream.
func (s *Source[Q, A]) call(ctx context.Context, f *fetch, q Q, key string, background bool) {
	caller := s.caller(q)
	f.expires = caller.Expires
	result, err := s.up.do(ctx, s.endpoint, call.Call{
		Key:         key,
		Credentials: caller.Credentials,
		Request: func(ctx context.Context) (*http.Request, error) {
			r, err := s.spec.Request(ctx, q)
			if err == nil {
				s.addValidators(f, r)
			}
			return r, err
		},
		Read:       func(r Response) (any, error) { return s.read(f, q, r) },
		Again:      func(r Response) bool { return s.again(f, q, r) },
		Background: background,
	}, f.progress)
	if err != nil {
		f.err = err
		if s.servedOnError(f.old.Load(), err, time.Now()) {
			trace.SpanFromContext(ctx).AddEvent("fallback taken")
		}
		return
	}
	f.entry, f.status = result.Value.(*cache.Entry), result.Status
}

// finish stores what a fetch has brought and ends the waiting for it. Storing
// and leaving the map are one step, or a second fetch could begin in between.
func (s *Source[Q, A]) finish(f *fetch, key string) (stored bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(f.done)
	if f.discarded {
		return false
	}
	now := time.Now()
	old := f.old.Load()
	switch {
	case f.err == nil:
		s.memory.Set(key, f.entry)
	case s.servedOnError(old, f.err, now):
		s.coolDown(key, old, now, f.err)
	default:
		s.storeFailure(key, f, now)
	}
	delete(s.fetches, key)
	return true
}

// storeFailure stores an answer without a value that would be the same if asked
// for again. s.mu is held.
func (s *Source[Q, A]) storeFailure(key string, f *fetch, now time.Time) {
	lasts, doubles := s.failureLasts(f.err)
	if lasts == 0 || f.progress.Sent() == 0 {
		return
	}
	e := &cache.Entry{Err: f.err, StoredAt: now, Windows: cache.FreshOnly(now, lasts)}
	if doubles {
		if old := f.old.Load(); old != nil {
			e.Refusals = old.Refusals
		}
		e.Windows = cache.FreshOnly(now, call.Doubled(lasts, call.RefusedMost, e.Refusals))
		e.Refusals++
		e.GoneAt = e.FreshUntil.Add(call.RefusedMost) // the count of refusals outlasts the refusal
	}
	if doubles || f.err.Code == CodeRateLimited {
		e.ProviderUntil = e.FreshUntil // a caller's no-cache does not ask before
	}
	endWithCaller(e, f.expires)
	s.memory.Set(key, e)
}

// failureLasts returns how long a failure is cached, 0 if it is not. doubles: the time
// doubles with each failure in a row.
func (s *Source[Q, A]) failureLasts(e *Error) (lasts time.Duration, doubles bool) {
	if s.refusesCaller(e) {
		return call.RefusedFor, true
	}
	switch e.Code {
	case CodeRateLimited:
		return s.limitsCaller(e), false
	case CodeNotFound:
		return notFoundFor, false
	case CodeNoData:
		return noDataFor, false
	case CodeForbidden:
		return call.RefusedFor, true
	}
	return 0, false
}

// coolDown stops further fetches of a key for a while after one has failed:
// until it is over, the old value is served at once. s.mu is held.
func (s *Source[Q, A]) coolDown(key string, old *cache.Entry, now time.Time, why *Error) {
	e := s.memory.Get(key)
	if e == nil || e.Version != old.Version || why.Code == CodeCanceled {
		return // it is another value by now, or nothing was learnt
	}
	refusals := 0
	cool := s.up.policies.Breaker.Delay
	lasts, doubles := s.failureLasts(why)
	switch {
	case why.Code == CodeCircuitOpen || why.Code == CodeOverloaded:
		// The upstream was not asked: until the breaker may let a call through.
		cool = max(why.RetryAfter, min(cool, 500*time.Millisecond))
	case why.RetryAfter > 0:
		cool = min(why.RetryAfter, call.MaxHoldBack)
	case doubles:
		cool, refusals = call.Doubled(lasts, call.RefusedMost, e.Refusals), e.Refusals+1
	case lasts > 0:
		cool = lasts
	}
	s.memory.Set(key, e.Cooled(now.Add(cool), why, refusals))
}

// stopWaiting is the answer for a caller that stops waiting for a fetch.
func (s *Source[Q, A]) stopWaiting(ctx context.Context, f *fetch, key string, now time.Time) Answer[A] {
	why := Errorf(CodeCanceled, "the caller has closed its request")
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(context.Cause(ctx), ErrPatience) {
		why = Errorf(CodeTimeout, "no answer in time")
		if last := f.progress.LastError(); last != nil {
			why = last // it is being retried, and this is why
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
		s.coolDown(key, old, now, why) // others need not find out again how slow it is
	}
	return a
}
