package upstream

import "time"

// State says where an answer is from; the values are part of the contract.
type State string

// The states of an answer.
const (
	Live         State = "live"         // asked now, or confirmed now
	Cached       State = "cached"       // within its freshness lifetime
	Revalidating State = "revalidating" // past its freshness lifetime, while a refresh runs
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
	FreshUntil time.Time     // zero where there is no value and no 404 that is stored
	Latency    time.Duration // how long the caller waited
	Attempts   int           // requests sent for it, hedges included
	Err        *Error        // why there is no value, or why it is an old one

	// As Cache-Status has it (RFC 9211).
	Forward   Forward // why the upstream was asked; whether a request was sent, Attempts says
	FwdStatus int     // of the upstream's last answer; 0: none, or not asked
	Stored    bool    // it was stored just now
	Collapsed bool    // it is from a fetch that another caller began
}

// Useful reports whether there is a value.
func (p Provenance) Useful() bool {
	switch p.State {
	case Live, Cached, Revalidating, Stale:
		return true
	}
	return false
}

// Directives are a request's cache directives (RFC 9111 §5.2.1), as far as we
// follow them. The zero value has none.
type Directives struct {
	// MaxAge, unless 0, asks again for answers older than this, but for those
	// that their provider still calls fresh.
	MaxAge time.Duration

	// OnlyIfCached asks no upstream: what the cache cannot answer without asking
	// is a failure, CodeNotCached.
	OnlyIfCached bool
}
