package upstream

import (
	"time"

	"tributary/cache"
	"tributary/upstream/call"
)

// How long an answer without a value is stored.
const (
	notFoundFor = 30 * time.Second
	noDataFor   = 5 * time.Minute
)

// finish stores the result of a fetch and answers its waiters. It stores the result and
// removes the fetch from the map in one step; otherwise a second fetch could begin in
// between.
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
		// A batch that is over its share of the quota says nothing about other requests.
		if !f.batched || f.sent() > 0 {
			s.coolDown(key, old, now, f.err)
		}
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
	if lasts == 0 || f.sent() == 0 {
		return
	}
	e := &cache.Entry{Err: f.err, StoredAt: now}
	windows := cache.FreshOnly(now, lasts)
	if doubles {
		refusals := 0
		if old := f.old.Load(); old != nil {
			refusals = old.Cooldown().Refusals
		}
		windows = cache.FreshOnly(now, call.Doubled(lasts, call.RefusedMost, refusals))
		windows.GoneAt = windows.FreshUntil.Add(call.RefusedMost) // the count of refusals outlasts the refusal
		e.SetCooldown(cache.Cooldown{Refusals: refusals + 1})
	}
	e.SetWindows(windows)
	if doubles || f.err.Code == CodeRateLimited {
		e.SetTerms(cache.Terms{Until: windows.FreshUntil}) // a caller's no-cache does not ask before
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
		return // the entry has another value by now, or the failure says nothing about the upstream
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
		cool, refusals = call.Doubled(lasts, call.RefusedMost, e.Cooldown().Refusals), e.Cooldown().Refusals+1
	case lasts > 0:
		cool = lasts
	}
	s.memory.Set(key, e.Cooled(now.Add(cool), why, refusals))
}
