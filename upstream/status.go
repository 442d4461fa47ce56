package upstream

import (
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Status is what an upstream says of itself to its operators.
type Status struct {
	Name      string
	Breaker   string        // closed, open or half_open
	RetryIn   time.Duration // until an open breaker lets one call try
	Calls     int64         // requests sent: retries and hedges included
	Failures  int64         // of those, the ones that say it is unwell
	Retries   int64
	Hedges    int64
	InFlight  int64
	Latency   *Latency // nil: no successful call yet
	QuotaLeft *int     // nil: no limit
	LastError *LastError
	Cache     CacheStatus
}

// CacheStatus counts how an upstream's questions were answered from memory.
type CacheStatus struct {
	Hits      int64 // fresh, or served while a refresh runs
	Misses    int64 // had to be asked
	Stale     int64 // an old answer, because asking failed or took too long
	Coalesced int64 // waited for a question that was already in the air
}

// LastError is the latest failure that the upstream caused.
type LastError struct {
	Code Code
	At   time.Time
}

// Status is a snapshot; its counts need not be of the very same moment.
func (u *Upstream) Status() Status {
	now := time.Now()
	s := Status{
		Name:      u.name,
		Breaker:   breakerState(u.breaker.State()),
		RetryIn:   u.breaker.RemainingDelay(),
		Calls:     u.calls.Load(),
		Failures:  u.failures.Load(),
		Retries:   u.retries.Load(),
		Hedges:    u.hedges.Load(),
		InFlight:  u.inFlight.Load(),
		LastError: u.lastError.Load(),
		Cache: CacheStatus{
			Hits:      u.hits.Load(),
			Misses:    u.misses.Load(),
			Stale:     u.staleServed.Load(),
			Coalesced: u.coalesced.Load(),
		},
	}
	if l, ok := u.latency.summary(); ok {
		s.Latency = &l
	}
	if u.quota != nil {
		left := u.quota.left(now)
		s.QuotaLeft = &left
	}
	return s
}

func breakerState(s circuitbreaker.State) string {
	switch s {
	case circuitbreaker.OpenState:
		return "open"
	case circuitbreaker.HalfOpenState:
		return "half_open"
	}
	return "closed"
}
