package story

import (
	"sync"
	"time"
)

// maxEvents is the number of events that are kept.
const maxEvents = 512

// Kind is the kind of an event.
type Kind string

// The kinds of events.
const (
	BreakerOpened    Kind = "breaker_opened"
	BreakerHalfOpen  Kind = "breaker_half_open"
	BreakerClosed    Kind = "breaker_closed"
	QuotaExhausted   Kind = "quota_exhausted"
	RefusedUs        Kind = "refused" // an upstream refused us, and is left alone for a while
	EndpointsLoaded  Kind = "endpoints_loaded"
	EndpointsRefused Kind = "endpoints_refused"
	FaultSet         Kind = "fault_set"
	FaultLifted      Kind = "fault_lifted"
	RedisAway        Kind = "redis_away"
	RedisBack        Kind = "redis_back"
	Draining         Kind = "draining"
)

// Event is something that operators want to know.
type Event struct {
	At       time.Time
	Kind     Kind
	Upstream string // "": it is about no upstream
	Text     string
}

// events are the latest events. The zero value is ready.
type events struct {
	mu    sync.Mutex
	list  []Event // a ring of maxEvents
	count int     // of all events so far
}

func (e *events) add(kind Kind, upstream, text string) {
	event := Event{time.Now(), kind, upstream, text}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.list) < maxEvents {
		e.list = append(e.list, event)
	} else {
		e.list[e.count%maxEvents] = event
	}
	e.count++
}

// Happened adds an event; upstream is "" if it is about none.
func (r *Recorder) Happened(kind Kind, upstream, text string) {
	if r != nil {
		r.events.add(kind, upstream, text)
	}
}

// Events are the events after the first n, in their order, as far as they are kept. count
// is the n for the next call.
func (r *Recorder) Events(n int) (list []Event, count int) {
	e := &r.events
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := max(n, e.count-len(e.list)); i < e.count; i++ {
		list = append(list, e.list[i%maxEvents])
	}
	return list, e.count
}
