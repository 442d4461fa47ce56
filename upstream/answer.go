package upstream

import "time"

// State is where an answer is from. The values are part of the contract.
type State string

// The states of an answer.
const (
	Live         State = "live"         // an answer to this request, or confirmed by the upstream
	Cached       State = "cached"       // within its freshness lifetime
	Revalidating State = "revalidating" // past its freshness lifetime, while a refresh runs
	Stale        State = "stale"        // past its freshness lifetime, because asking failed or took too long
	Failed       State = "failed"       // no value
	Skipped      State = "skipped"      // not applicable, or the upstream does not have it
)

// Answer is the answer to a question: a value or an error, and where it is from.
type Answer[A any] struct {
	Value A // small, or a pointer to data that is never changed
	Provenance
}

// Provenance is everything about an answer but its value.
type Provenance struct {
	State      State
	Version    uint64        // changes with the value; confirming the value does not change it
	Age        time.Duration // since the upstream gave or confirmed the value
	FreshUntil time.Time     // zero if neither a value nor a 404 is stored
	Latency    time.Duration // how long the caller waited
	Attempts   int           // requests sent for it, hedges included
	Err        *Error        // why there is no value, or only a stale one

	// The parameters of Cache-Status (RFC 9211).
	Forward   Forward // why the upstream was asked, even if no request was sent
	FwdStatus int     // of the upstream's last answer; 0: none, or not asked
	Stored    bool    // the answer was stored
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

// Directives are the cache directives of a request (RFC 9111 §5.2.1) that we obey. The
// zero value has none.
type Directives struct {
	// MaxAge, unless 0, excludes cached answers older than this, except those whose
	// provider's lifetime has not ended.
	MaxAge time.Duration

	// OnlyIfCached forbids asking an upstream. A question that the cache cannot answer
	// fails with CodeNotCached.
	OnlyIfCached bool

	// Peek only looks: the answer is what memory has, an old value included. Without one it
	// fails with CodeNotCached while somebody else asks, else with ErrGatewayOverloaded.
	// Nothing is counted or refreshed.
	Peek bool
}
