package call

import (
	"math"
	"sync"
	"time"
)

// Quota is the number of calls that an upstream allows in a window. Windows end at full
// minutes, hours and UTC days, as providers count them.
type Quota struct {
	Calls  int // weighted, if the provider weighs calls
	Window time.Duration
}

// quota counts the calls of an upstream in all its windows. failsafe's rate
// limiter has neither weights nor windows that end at full hours, and does not know how
// many calls are left.
// A nil quota has no limit. It is safe for concurrent use.
type quota struct {
	mu      sync.Mutex
	windows []quotaWindow
}

type quotaWindow struct {
	length      time.Duration
	limit, used int64 // in thousandths of a call
	batches     int64 // what batches have used of it
	end         time.Time
}

// newQuota is nil without windows.
func newQuota(windows []Quota) *quota {
	if len(windows) == 0 {
		return nil
	}
	q := &quota{}
	for _, w := range windows {
		q.windows = append(q.windows, quotaWindow{length: w.Window, limit: thousandths(float64(w.Calls))})
	}
	return q
}

// thousandths converts calls to thousandths, so that sums of weights such as 1.3 are
// exact.
func thousandths(calls float64) int64 { return int64(math.Round(min(calls, 1e12) * 1000)) }

// take takes the weight of a call from every window. If a window has too little left,
// it takes nothing, and wait is the time until all have enough. At most half of a window
// goes to batches, so that they leave room for requests for one thing.
func (q *quota) take(now time.Time, weight float64, ofBatch bool) (wait time.Duration, ok bool) {
	if q == nil {
		return 0, true
	}
	w := thousandths(weight)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.advance(now)
	for i := range q.windows {
		window := &q.windows[i]
		full := window.used > 0 && window.used+w > window.limit
		if full || ofBatch && window.batches > 0 && window.batches+w > window.limit/2 {
			wait = max(wait, window.end.Sub(now))
		}
	}
	if wait > 0 {
		return wait, false
	}
	for i := range q.windows {
		q.windows[i].used += w
		if ofBatch {
			q.windows[i].batches += w
		}
	}
	return 0, true
}

// share is the greatest weight that one call of a batch may have.
func (q *quota) share() float64 {
	if q == nil {
		return math.Inf(1)
	}
	least := int64(math.MaxInt64) // limits do not change
	for _, window := range q.windows {
		least = min(least, window.limit/2)
	}
	return float64(least) / 1000
}

// status is the window with the fewest calls left.
func (q *quota) status(now time.Time) (s QuotaStatus) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.advance(now)
	least := int64(math.MaxInt64)
	for _, window := range q.windows {
		if left := window.limit - window.used; left < least {
			least = left
			s = QuotaStatus{Left: int(max(0, left) / 1000), Limit: int(window.limit / 1000), RenewsIn: window.end.Sub(now)}
		}
	}
	return s
}

// advance restarts the windows that have ended. q.mu is held.
func (q *quota) advance(now time.Time) {
	for i := range q.windows {
		window := &q.windows[i]
		if !now.Before(window.end) {
			window.end = now.Truncate(window.length).Add(window.length)
			window.used, window.batches = 0, 0
		}
	}
}
