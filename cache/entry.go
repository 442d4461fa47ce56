// Package cache stores answers of upstreams. Each goes through three windows: fresh,
// stale-while-revalidate, stale-if-error. There is a bounded store in memory, and Redis
// for what replicas share. The package does not know HTTP: its callers decide when to
// ask an upstream.
package cache

import (
	"math/rand/v2"
	"time"
)

// Entry is a stored answer: a value, or an error such as "it does not exist". A stored
// entry is never changed; a 304 or the beginning of a cooldown stores a changed copy.
type Entry struct {
	Value any
	Err   error // the answer is this error; Value is nil

	StoredAt time.Time // when the upstream gave or last confirmed it
	Windows

	// ProviderUntil is the end of the lifetime that the provider gave, zero if it gave
	// none. Until then, a caller's no-cache has no effect.
	ProviderUntil time.Time

	// CoolUntil is the end of the cooldown after a failed fetch: until then no other
	// fetch is made. Why is the failure. Refusals counts the failures in a row, each of
	// which doubles the time.
	CoolUntil time.Time
	Why       error
	Refusals  int

	// Lifetime is what the provider said about its reuse. MustRevalidate means
	// that the entry is not served once it is stale, even if asking fails: it is
	// kept for its validators (RFC 9111 §5.2.2).
	Lifetime       ProviderLifetime
	MustRevalidate bool

	ETag         string // validators, as the upstream sent them
	LastModified string

	// Size is the number of bytes that Value was decoded from.
	Size int

	// Version changes with the value; confirming the value does not change it.
	Version uint64
}

// Windows are the ends of an entry's three windows. It is fresh before FreshUntil;
// then served while it is refreshed, before RevalidateUntil (RFC 5861
// stale-while-revalidate); then served only if asking fails, before GoneAt
// (RFC 5861 stale-if-error).
type Windows struct {
	FreshUntil      time.Time
	RevalidateUntil time.Time
	GoneAt          time.Time
}

// Fresh reports whether the entry may be served as it is: its age is less
// than its freshness lifetime (RFC 9111 §4.2).
func (e *Entry) Fresh(now time.Time) bool { return now.Before(e.FreshUntil) }

// Revalidatable reports whether the entry may be served while a refresh runs
// in the background.
func (e *Entry) Revalidatable(now time.Time) bool { return now.Before(e.RevalidateUntil) }

// Gone reports whether the entry is too old to be served to anyone.
func (e *Entry) Gone(now time.Time) bool { return !now.Before(e.GoneAt) }

// Usable reports whether the entry may be served when asking fails.
func (e *Entry) Usable(now time.Time) bool {
	return e.Err == nil && !e.Gone(now) && (!e.MustRevalidate || e.Fresh(now))
}

// Cooling reports whether the cooldown runs, so that the upstream is not asked.
func (e *Entry) Cooling(now time.Time) bool { return now.Before(e.CoolUntil) }

// Age is the time since the upstream gave or confirmed the entry.
func (e *Entry) Age(now time.Time) time.Duration { return max(0, now.Sub(e.StoredAt)) }

// Cooled is a copy in cooldown until a time, because of the failure why.
func (e *Entry) Cooled(until time.Time, why error, refusals int) *Entry {
	c := *e
	c.CoolUntil, c.Why, c.Refusals = until, why, refusals
	return &c
}

// Invalidated is a stale copy, which is served only if asking again fails.
func (e *Entry) Invalidated(now time.Time) *Entry {
	c := *e
	c.FreshUntil, c.RevalidateUntil = earlier(c.FreshUntil, now), earlier(c.RevalidateUntil, now)
	c.ProviderUntil, c.CoolUntil, c.Why = time.Time{}, time.Time{}, nil
	return &c
}

// Lifetimes are how long answers of one upstream live.
type Lifetimes struct {
	FreshFor      time.Duration // served as is
	RevalidateFor time.Duration // after that, served while a refresh runs
	StaleFor      time.Duration // greatest age ever served; at least the sum of the two

	// Rand draws the jitter; nil: the global generator. It is used concurrently.
	Rand *rand.Rand
}

// ProviderLifetime is what the headers of an answer allow. The zero value is an answer
// without such headers.
type ProviderLifetime struct {
	For   time.Duration `json:"for,omitempty"`   // freshness lifetime, minus the answer's age
	Given bool          `json:"given,omitempty"` // false: the provider gave none, and For means nothing
	Wins  bool          `json:"-"`               // it counts even if it is longer than ours

	NoStore        bool `json:"-"`                         // not to be stored at all
	NoCache        bool `json:"no_cache,omitempty"`        // to be validated before each use
	MustRevalidate bool `json:"must_revalidate,omitempty"` // not to be served stale without validation
	Private        bool `json:"-"`                         // not to be shared with other replicas
}

// Windows are the windows of an answer stored now. They have jitter, so that keys stored
// together do not expire together: our lifetime is shortened by up to a tenth, and a
// provider's is lengthened, because asking earlier is not allowed.
func (l Lifetimes) Windows(now time.Time, p ProviderLifetime) Windows {
	fresh := l.FreshFor - l.jitter(l.FreshFor)
	if p.Given {
		theirs := p.For + l.jitter(p.For)
		if p.Wins || theirs < fresh {
			fresh = theirs
		}
	}
	gone := now.Add(l.StaleFor)
	return Windows{
		FreshUntil:      earlier(now.Add(fresh), gone),
		RevalidateUntil: earlier(now.Add(fresh+l.RevalidateFor), gone),
		GoneAt:          gone,
	}
}

// EndBy ends the windows at t, where they end later.
func (w *Windows) EndBy(t time.Time) {
	w.FreshUntil, w.RevalidateUntil, w.GoneAt = earlier(w.FreshUntil, t), earlier(w.RevalidateUntil, t), earlier(w.GoneAt, t)
}

// FreshOnly are the windows of an entry that is fresh for d and then gone.
func FreshOnly(now time.Time, d time.Duration) Windows {
	end := now.Add(d)
	return Windows{FreshUntil: end, RevalidateUntil: end, GoneAt: end}
}

// jitter is a random duration, up to a tenth of d.
func (l Lifetimes) jitter(d time.Duration) time.Duration {
	switch {
	case d < 10:
		return 0
	case l.Rand != nil:
		return time.Duration(l.Rand.Int64N(int64(d/10) + 1))
	}
	return rand.N(d/10 + 1)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
