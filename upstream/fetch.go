package upstream

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/cache"
	"tributary/telemetry/story"
	"tributary/upstream/call"
)

// fetch is one question to an upstream, with its retries and hedges. It belongs
// to its key and not to a caller: it goes on when the caller that began it has
// left, for a constant time, and any number of callers may wait for it.
type fetch struct {
	old      atomic.Pointer[cache.Entry]   // what was stored when it began; nil: nothing
	leader   trace.SpanContext             // of the caller that began it
	progress atomic.Pointer[call.Progress] // of its latest call, which may carry others too

	unconditional atomic.Bool // no validators are to be sent: a 304 did not fit them
	discarded     bool        // guarded by the source's mu: its result is not to be stored

	done   chan struct{}
	entry  *cache.Entry // after done, unless err
	err    *Error
	shared bool // the entry is from the shared cache: the upstream was not asked here
	status int  // of the upstream's answer

	expires time.Time // of the caller's credentials; zero: never
	batched bool      // a batch of our caller began it
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

// sent is the number of requests that were sent for the fetch.
func (f *fetch) sent() int { return f.progress.Load().Sent() }

// join returns the running fetch of key, or a new one, which is mine: the caller must
// carry it out. For a new one, begin returns the caller's span and the call. The fetch is
// nil if the stored entry is no longer seen, and if the upstream is closed.
func (s *Source[Q, A]) join(key string, seen *cache.Entry, begin func() (trace.SpanContext, *call.Progress)) (f *fetch, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.fetches[key]; f != nil {
		return f, false
	}
	if s.memory.Get(key) != seen || !s.up.work.begin() {
		return nil, false
	}
	f = &fetch{done: make(chan struct{})}
	leader, progress := begin() // before others can see the fetch
	f.leader = leader
	f.progress.Store(progress)
	f.old.Store(seen)
	s.fetches[key] = f
	return f, true
}

// isFetching reports whether a fetch of key is running.
func (s *Source[Q, A]) isFetching(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches[key] != nil
}

// fetch carries out a fetch and stores its result, here and in the shared cache.
// ctx carries values only; the upstream's Close cancels it, and waits for it.
func (s *Source[Q, A]) fetch(ctx context.Context, f *fetch, q Q, key string, background bool) {
	found, at, done, ask := s.consult(ctx, f, q, key, !background)
	defer done()
	switch {
	case found != nil:
		f.entry, f.shared = found, true
		s.tell(ctx, story.Step{What: story.FromReplica})
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
	case s.redis != nil && !f.shared && !f.entry.Terms().Lifetime.Private:
		s.redis.Store(ctx, s.group, key, at, encode[A](f.entry), time.Until(f.entry.GoneAt()))
	case found != nil && !found.Fresh(time.Now()):
		s.refresh(ctx, q, key, found)
	}
}

// call asks the upstream.
func (s *Source[Q, A]) call(ctx context.Context, f *fetch, q Q, key string, background bool) {
	caller := s.caller(q)
	f.expires = caller.Expires
	f.batched = call.InBatch(ctx)
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
	}, f.progress.Load())
	if err != nil {
		f.err = err
		s.tellFallback(ctx, f.old.Load(), err)
		return
	}
	f.entry, f.status = result.Value.(*cache.Entry), result.Status
}
