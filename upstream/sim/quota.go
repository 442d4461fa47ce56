package sim

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Quota is the number of calls that a provider accepts in a window.
type Quota struct {
	Calls int
	Per   time.Duration
}

func (q Quota) set() bool { return q != Quota{} }

func checkQuotas(quotas map[string]Quota) error {
	for name, q := range quotas {
		switch name {
		case OpenMeteo, Geocoding, OpenWeather, MetNorway, Directory, GitHub, OpenMeteoAir:
		default:
			return fmt.Errorf("quota: no provider %q", name)
		}
		if q.Calls <= 0 || q.Per <= 0 {
			return fmt.Errorf("quota of %s: calls and window must be positive", name)
		}
	}
	return nil
}

// limited makes a provider refuse calls over its quota with its own error.
func limited(p provider, q Quota, now func() time.Time) provider {
	if !q.set() {
		return p
	}
	calls := window{Quota: q}
	next := p.answer
	p.answer = func(r *http.Request) answer {
		if calls.count(now(), 1).refused {
			return p.overQuota(q)
		}
		return next(r)
	}
	return p
}

// window counts calls in fixed windows of the clock, as the providers do.
type window struct {
	Quota
	lenient bool // counts, but never refuses or reaches 0 remaining

	mu    sync.Mutex
	start time.Time
	used  int
}

// usage is the state of a window after a call.
type usage struct {
	used, left int
	reset      time.Time
	refused    bool
}

// count adds a number of calls; 0 only reads.
func (w *window) count(now time.Time, calls int) usage {
	w.mu.Lock()
	defer w.mu.Unlock()
	if start := now.Truncate(w.Per); !start.Equal(w.start) {
		w.start, w.used = start, 0
	}
	refused := false
	switch {
	case w.lenient:
		w.used = min(w.used+calls, w.Calls-1)
	case w.used+calls > w.Calls:
		refused = true
	default:
		w.used += calls
	}
	return usage{used: w.used, left: w.Calls - w.used, reset: w.start.Add(w.Per), refused: refused}
}
