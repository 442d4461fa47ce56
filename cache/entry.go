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
// A store has very many entries, so what only few of them need is behind a pointer.
type Entry struct {
	Value any
	Err   error // the answer is this error; Value is nil

	StoredAt time.Time // when the upstream gave or last confirmed it

	// Size is the number of bytes that Value was decoded from.
	Size int

	// Version changes with the value; confirming the value does not change it.
	Version uint64

	fresh, revalidate, gone time.Duration // the ends of the windows, after StoredAt

	terms    *Terms    // nil: the zero Terms
	cooldown *Cooldown // nil: there was none
}

// NewEntry is a value stored now, with these windows.
func NewEntry(value any, now time.Time, w Windows) *Entry {
	e := &Entry{Value: value, StoredAt: now}
	e.SetWindows(w)
	return e
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

// Windows are those that were set, the zero Windows if none were.
func (e *Entry) Windows() Windows {
	if e.gone == 0 {
		return Windows{}
	}
	return Windows{e.StoredAt.Add(e.fresh), e.StoredAt.Add(e.revalidate), e.StoredAt.Add(e.gone)}
}

// SetWindows sets the windows. StoredAt must be set before.
func (e *Entry) SetWindows(w Windows) {
	e.fresh, e.revalidate, e.gone = w.FreshUntil.Sub(e.StoredAt), w.RevalidateUntil.Sub(e.StoredAt), w.GoneAt.Sub(e.StoredAt)
	if w == (Windows{}) {
		e.fresh, e.revalidate, e.gone = 0, 0, 0
	}
}

// FreshUntil is the end of the first window, zero without any.
func (e *Entry) FreshUntil() time.Time {
	if e.gone == 0 {
		return time.Time{}
	}
	return e.StoredAt.Add(e.fresh)
}

// GoneAt is the end of the last window, zero without any.
func (e *Entry) GoneAt() time.Time { return e.Windows().GoneAt }

// Fresh reports whether the entry may be served as it is: its age is less
// than its freshness lifetime (RFC 9111 §4.2).
func (e *Entry) Fresh(now time.Time) bool { return e.before(now, e.fresh) }

// Revalidatable reports whether the entry may be served while a refresh runs
// in the background.
func (e *Entry) Revalidatable(now time.Time) bool { return e.before(now, e.revalidate) }

// Gone reports whether the entry is too old to be served to anyone.
func (e *Entry) Gone(now time.Time) bool { return !e.before(now, e.gone) }

// before reports whether a window has not ended yet.
func (e *Entry) before(now time.Time, end time.Duration) bool {
	return e.gone != 0 && now.Sub(e.StoredAt) < end
}

// Usable reports whether the entry may be served when asking fails.
func (e *Entry) Usable(now time.Time) bool {
	return e.Err == nil && !e.Gone(now) && (e.terms == nil || !e.terms.MustRevalidate || e.Fresh(now))
}

// Cooling reports whether the cooldown runs, so that the upstream is not asked.
func (e *Entry) Cooling(now time.Time) bool { return e.cooldown != nil && now.Before(e.cooldown.Until) }

// Age is the time since the upstream gave or confirmed the entry.
func (e *Entry) Age(now time.Time) time.Duration { return max(0, now.Sub(e.StoredAt)) }

// Cooled is a copy in cooldown until a time, because of the failure why.
func (e *Entry) Cooled(until time.Time, why error, refusals int) *Entry {
	c := *e
	c.SetCooldown(Cooldown{until, why, refusals})
	return &c
}

// Invalidated is a stale copy, which is served only if asking again fails.
func (e *Entry) Invalidated(now time.Time) *Entry {
	c := *e
	age := now.Sub(e.StoredAt)
	c.fresh, c.revalidate = min(c.fresh, age), min(c.revalidate, age)
	terms := e.Terms()
	terms.Until = time.Time{}
	c.SetTerms(terms)
	c.SetCooldown(Cooldown{Refusals: e.Cooldown().Refusals})
	return &c
}

// EndBy ends the windows at t, where they end later.
func (e *Entry) EndBy(t time.Time) {
	if w := e.Windows(); w != (Windows{}) {
		e.SetWindows(Windows{earlier(w.FreshUntil, t), earlier(w.RevalidateUntil, t), earlier(w.GoneAt, t)})
	}
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
