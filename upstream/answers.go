package upstream

import (
	"time"

	"tributary/cache"
)

// stored is the answer that a stored entry gives.
func (s *Source[Q, A]) stored(e *cache.Entry, now time.Time, state State) Answer[A] {
	a := Answer[A]{Provenance: Provenance{State: state, Version: e.Version, Age: e.Age(now), FreshUntil: e.FreshUntil()}}
	if e.Err != nil {
		a.Err = remaining(e.Err.(*Error), e.FreshUntil().Sub(now))
		a.State = stateOf(a.Err)
		return a
	}
	a.Value = e.Value.(A)
	if state == Stale {
		a.Err = e.Cooldown().Why.(*Error)
		a.FwdStatus = a.Err.Status
	}
	return a
}

// fetched is the answer of a fetch that is over.
func (s *Source[Q, A]) fetched(f *fetch, now time.Time) Answer[A] {
	if f.err != nil {
		return s.staleIfError(f.old.Load(), f.err, now)
	}
	if f.shared {
		state := Cached
		if !f.entry.Fresh(now) {
			state = Revalidating
		}
		return s.stored(f.entry, now, state)
	}
	a := s.stored(f.entry, now, Live)
	a.Age, a.FwdStatus = 0, f.status
	a.Stored = !f.entry.Gone(now)
	return a
}

// staleIfError is the answer when asking has failed: the old value, where it may
// still be served, together with the reason (RFC 5861 §4), else the failure.
func (s *Source[Q, A]) staleIfError(old *cache.Entry, why *Error, now time.Time) Answer[A] {
	if !s.servedOnError(old, why, now) {
		return failure[A](why, now)
	}
	return s.stored(old.Cooled(now, why, old.Cooldown().Refusals), now, Stale)
}

// servedOnError reports whether an old entry may be served after a failure.
func (s *Source[Q, A]) servedOnError(old *cache.Entry, why *Error, now time.Time) bool {
	return old != nil && old.Usable(now) && !s.withdraws(why)
}

// remaining is a stored failure whose RetryAfter is what is left of the wait.
func remaining(e *Error, left time.Duration) *Error {
	if e.RetryAfter == 0 {
		return e
	}
	now := *e
	now.RetryAfter = max(0, left)
	return &now
}

// failure is an answer without a value.
func failure[A any](e *Error, now time.Time) Answer[A] {
	p := Provenance{State: stateOf(e), Err: e, FwdStatus: e.Status}
	if e.Code == CodeNotFound {
		p.FreshUntil = now.Add(notFoundFor)
	}
	return Answer[A]{Provenance: p}
}

// stateOf is the state of an answer without a value.
func stateOf(e *Error) State {
	if e.Code == CodeNotFound {
		return Skipped
	}
	return Failed
}
