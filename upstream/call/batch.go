package call

import (
	"context"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
)

// batch is a request of one of our callers for many things.
type batch struct {
	until time.Time // its calls may wait for quota and for the bulkhead
}

type batchKey struct{}

// AsBatch marks the calls of a request for many things. They use at most half of each
// quota, and wait until a time for quota and for the bulkhead: their number is
// known, so that waiting builds no queue.
func AsBatch(ctx context.Context, until time.Time) context.Context {
	return context.WithValue(ctx, batchKey{}, &batch{until})
}

// InBatch reports whether ctx is that of a request for many things.
func InBatch(ctx context.Context) bool { return batchOf(ctx) != nil }

func batchOf(ctx context.Context) *batch {
	b, _ := ctx.Value(batchKey{}).(*batch)
	return b
}

// admitOfBatch is Bulkhead and Quota for a call of a batch. It does not hold a permit
// of the bulkhead while it waits for quota, and after a wait it rechecks the hold-back.
func (e *Endpoint) admitOfBatch(ctx context.Context, weight float64, until time.Time) (leave func(), err error) {
	c := e.client
	for {
		if err := c.bulkhead.AcquirePermitWithMaxWait(ctx, max(0, time.Until(until))); err != nil {
			if ctx.Err() != nil {
				return nil, failuref(CodeCanceled, "the request was canceled")
			}
			return nil, bulkhead.ErrFull
		}
		now := time.Now()
		if refusal := c.admission.refusal(now, e.holdBack); refusal != nil {
			c.bulkhead.ReleasePermit()
			return nil, refusal
		}
		wait, ok := c.quota.take(now, weight, true)
		if ok {
			return c.bulkhead.ReleasePermit, nil
		}
		c.bulkhead.ReleasePermit()
		if now.Add(wait).After(until) {
			return nil, quotaUsedUp(wait)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, failuref(CodeCanceled, "the request was canceled")
		}
	}
}

// MostOfBatch is how many questions of a weight one call of a batch may carry, so that
// it fits into the share of the quota that batches have: at least 1.
func (c *Client) MostOfBatch(weight float64) int {
	return int(min(max(1, c.quota.share()/weight), 1<<30))
}

// quotaUsedUp is the refusal of a call for which there is no quota left.
func quotaUsedUp(wait time.Duration) error {
	f := refusal(CodeRateLimited, wait, "not asked: our quota for this upstream is used up")
	f.quota = true
	return f
}
