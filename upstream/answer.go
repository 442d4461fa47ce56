package upstream

import "time"

// State says what an answer is worth; the values are part of the contract.
type State string

// The states of an answer.
const (
	Live         State = "live"         // asked now, or confirmed now
	Cached       State = "cached"       // within its freshness
	Revalidating State = "revalidating" // past its freshness, while a refresh runs
	Stale        State = "stale"        // old, because asking failed or took too long
	Failed       State = "failed"       // nothing to give
	Skipped      State = "skipped"      // not applicable, or the upstream does not have it
)

// Answer is what came of a question: a value or a reason, and where it is from.
type Answer[A any] struct {
	Value A // small, or a pointer to what is never changed again
	Provenance
}

// Provenance is everything about an answer but its value.
type Provenance struct {
	State      State
	Version    uint64        // changes with the value, and not when it is confirmed
	Age        time.Duration // since the upstream gave or confirmed the value
	FreshUntil time.Time     // zero where there is no value and no 404 to keep
	Latency    time.Duration // how long the caller waited
	Attempts   int           // requests sent for it, hedges included
	Asked      bool          // memory did not do; whether a request was sent, Attempts says
	Held       bool          // there was an old value when it was asked
	Wished     bool          // that value was fresh, but not for its caller's wish
	Shared     bool          // it came of somebody else's question
	Stored     bool          // it was put into memory just now
	Status     int           // of the upstream's last answer; 0: none, or not asked
	Err        *Error        // why there is no value, or why it is an old one
}

// Useful reports whether there is a value.
func (p Provenance) Useful() bool {
	switch p.State {
	case Live, Cached, Revalidating, Stale:
		return true
	}
	return false
}

// Wish is what a caller wants beyond an answer; the zero Wish wants nothing.
type Wish struct {
	// MaxAge, unless 0, asks again for answers older than this, but for those
	// whose provider said that they are fresh.
	MaxAge time.Duration

	// OnlyCached asks nobody: what memory does not have in the spans in which
	// it is served without asking is a failure, CodeNotCached.
	OnlyCached bool
}
