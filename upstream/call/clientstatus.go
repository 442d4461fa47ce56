package call

import (
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Status is what operators want to know of an upstream.
type Status struct {
	Name      string
	Breaker   string        // closed, open or half_open
	RetryIn   time.Duration // until an open breaker lets one call try
	Calls     int64         // requests sent: retries and hedges included
	Failures  int64         // of those, the ones that say it is unwell
	Refusals  int64         // answers by which it refused us: 401, 403, 451, 429
	Retries   int64
	Hedges    int64
	HedgesWon int64
	InFlight  int64
	Limit     int           // of requests in flight
	HeldBack  time.Duration // how long no request is sent to the whole upstream; 0: it is not held back
	HeldCode  Code          // of the answer that caused it
	Latency   *Latency      // nil: no successful call yet
	Quota     *QuotaStatus  // nil: no limit
	QuotaLeft *int          // nil: no limit
	LastError *LastError
}

// QuotaStatus is the window of the quota in which the fewest calls are left.
type QuotaStatus struct {
	Left, Limit int
	RenewsIn    time.Duration
}

// LastError is the latest failure that the upstream caused.
type LastError struct {
	Code Code
	At   time.Time
}

// Status is a snapshot; its counts need not be of the very same moment.
func (c *Client) Status() Status {
	s := Status{
		Name:      c.name,
		Breaker:   breakerState(c.breaker.State()),
		RetryIn:   c.breaker.RemainingDelay(),
		Calls:     c.counters.calls.Load(),
		Failures:  c.counters.failures.Load(),
		Refusals:  c.counters.refusals.Load(),
		Retries:   c.counters.retries.Load(),
		Hedges:    c.counters.hedges.Load(),
		HedgesWon: c.counters.hedgesWon.Load(),
		InFlight:  c.counters.inFlight.Load(),
		Limit:     c.policies.MaxConcurrent,
		LastError: c.counters.lastError.Load(),
	}
	if l, ok := c.latency.summary(); ok {
		s.Latency = &l
	}
	if c.quota != nil {
		quota := c.quota.status(time.Now())
		s.Quota, s.QuotaLeft = &quota, &quota.Left
	}
	if held := c.admission.holdBack.current.Load(); held != nil {
		if left := time.Until(held.until); left > 0 {
			s.HeldBack, s.HeldCode = left, held.code
		}
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
