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
	Retries   int64
	Hedges    int64
	InFlight  int64
	Latency   *Latency // nil: no successful call yet
	QuotaLeft *int     // nil: no limit
	LastError *LastError
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
		Retries:   c.counters.retries.Load(),
		Hedges:    c.counters.hedges.Load(),
		InFlight:  c.counters.inFlight.Load(),
		LastError: c.counters.lastError.Load(),
	}
	if l, ok := c.latency.summary(); ok {
		s.Latency = &l
	}
	if c.quota != nil {
		left := c.quota.left(time.Now())
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
