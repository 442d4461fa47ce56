package upstream

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/ratelimiter"
)

// quota is failsafe's rate limiter, which refuses, and beside it a count of
// the requests sent, since the limiter cannot say what is left or when more
// comes: both go by fixed windows from the same moment.
type quota struct {
	Quota
	limiter ratelimiter.RateLimiter[any]

	mu     sync.Mutex
	start  time.Time
	window int64 // number of the window that sent counts in
	sent   int
}

func newQuota(q Quota) *quota {
	return &quota{Quota: q, limiter: ratelimiter.NewBursty[any](uint(q.Calls), q.Window), start: time.Now()}
}

// spend counts a request that is being sent.
func (q *quota) spend(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.advance(now)
	q.sent++
}

// left is how many calls this window still has.
func (q *quota) left(now time.Time) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.advance(now)
	return max(0, q.Calls-q.sent)
}

func (q *quota) advance(now time.Time) {
	if w := int64(now.Sub(q.start) / q.Window); w > q.window { // a late count does not turn it back
		q.window, q.sent = w, 0
	}
}

// renewsIn is the time until the next window begins.
func (q *quota) renewsIn(now time.Time) time.Duration {
	return q.Window - now.Sub(q.start)%q.Window
}
