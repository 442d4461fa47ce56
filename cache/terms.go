package cache

import "time"

// Terms are what the provider said about the reuse of an answer.
type Terms struct {
	Lifetime ProviderLifetime

	// Until is the end of the lifetime that the provider gave, zero if it gave none. Until
	// then, a caller's no-cache has no effect.
	Until time.Time

	// MustRevalidate means that the entry is not served once it is stale, even if asking
	// fails: it is kept for its validators (RFC 9111 §5.2.2).
	MustRevalidate bool

	ETag         string // validators, as the upstream sent them
	LastModified string
}

// Terms are those that were set.
func (e *Entry) Terms() Terms {
	if e.terms == nil {
		return Terms{}
	}
	return *e.terms
}

// SetTerms sets the terms.
func (e *Entry) SetTerms(t Terms) {
	e.terms = nil
	if t != (Terms{}) {
		e.terms = &t
	}
}

// Cooldown is the time after a failed fetch in which no other fetch is made.
type Cooldown struct {
	Until    time.Time
	Why      error // the failure
	Refusals int   // failures in a row, each of which doubles the time
}

// Cooldown is the one that was set.
func (e *Entry) Cooldown() Cooldown {
	if e.cooldown == nil {
		return Cooldown{}
	}
	return *e.cooldown
}

// SetCooldown sets the cooldown.
func (e *Entry) SetCooldown(c Cooldown) {
	e.cooldown = nil
	if c != (Cooldown{}) {
		e.cooldown = &c
	}
}
