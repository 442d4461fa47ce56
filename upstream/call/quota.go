package call

import (
	"math"
	"sync"
	"time"
)

// Quota is how much an upstream lets us ask in one window of time. Windows end
// at full minutes, hours and UTC days, as providers count.
type Quota struct {
	Calls  int // in the provider's weights; one call is 1 where it has none
	Window time.Duration
}

// quota counts the calls of an upstream in all its windows. failsafe's rate
// limiter knows neither weights nor full hours, and cannot say what is left.
// A nil quota has no limit. It is safe for concurrent use.
type quota struct {
	mu      sync.Mutex
	windows []quotaWindow
}

type quotaWindow struct {
	length      time.Duration
	limit, used int64 // in thousandths of a call
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

// thousandths rounds: sums of 1.3 must not drift. It is far from overflowing.
func thousandths(calls float64) int64 { return int64(math.Round(min(calls, 1e12) * 1000)) }

// take takes what a call weighs from every window, or nothing: then wait is the
// time until all windows have room.
func (q *quota) take(now time.Time, weight float64) (wait time.Duration, ok bool) {
	if q == nil {
		return 0, true
	}
	w := thousandths(weight)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.advance(now)
	for i := range q.windows {
		window := &q.windows[i]
		if window.used > 0 && window.used+w > window.limit {
			wait = max(wait, window.end.Sub(now))
		}
	}
	if wait > 0 {
		return wait, false
	}
	for i := range q.windows {
		q.windows[i].used += w
	}
	return 0, true
}

// left is how many calls may still be made in the window that has the least.
func (q *quota) left(now time.Time) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.advance(now)
	least := int64(math.MaxInt64)
	for _, window := range q.windows {
		least = min(least, window.limit-window.used)
	}
	return int(max(0, least) / 1000)
}

// advance begins the windows anew that have ended. q.mu is held.
func (q *quota) advance(now time.Time) {
	for i := range q.windows {
		window := &q.windows[i]
		if !now.Before(window.end) {
			window.end = now.Truncate(window.length).Add(window.length)
			window.used = 0
		}
	}
}
