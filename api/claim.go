package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"tributary/cache"
)

// claim is a write with an Idempotency-Key that this process carries out.
type claim struct {
	fleet     *fleet
	shared    *cache.Claim // nil: it is not shared with the other replicas
	request   [sha256.Size]byte
	inherited bool // a previous holder has sent it

	mu      sync.Mutex // guards what follows: attempts run in goroutines of their own
	sent    bool
	refusal *problem // why the request must not be sent; nil: it may
}

// record is the claim's record in Redis, in state s.
func (c *claim) record(s state) []byte {
	return (&sharedRecord{Request: c.request[:], State: s, Holder: c.shared.Token}).encode()
}

// beforeSending changes the claim's record to "sent". It is called before each attempt;
// attempts of one request do not overlap.
func (c *claim) beforeSending(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusal != nil {
		return c.refusal
	}
	if c.shared != nil && !c.sent && !c.inherited {
		err := c.shared.Put(ctx, c.record(stateSent), keepAnswersFor)
		switch {
		case errors.Is(err, cache.ErrClaimLost):
			c.refusal = running()
			return c.refusal
		case err != nil && !c.fleet.repeatable:
			c.refusal = unclaimed()
			return c.refusal
		}
	}
	c.sent = true
	return nil
}

// progress returns whether the request was sent, and why it must not be sent.
func (c *claim) progress() (sent bool, refusal *problem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent, c.refusal
}

// finish stores the answer as the record of the key.
func (c *claim) finish(ctx context.Context, answer kept, until time.Time) {
	if c.shared != nil {
		shared := &sharedRecord{Request: c.request[:], Answer: &answer, Until: until.UTC().Truncate(time.Second)}
		c.shared.Finish(ctx, shared.encode(), time.Until(until))
	}
}

// giveUp restores the key's previous state: free, or sent by a previous holder.
func (c *claim) giveUp(ctx context.Context) {
	switch {
	case c.shared == nil:
	case c.inherited:
		c.leaveSent(ctx)
	default:
		c.shared.Finish(ctx, c.record(stateFree), c.fleet.lease)
	}
}

// leaveSent ends the claim and leaves the record at "sent", so that the next request
// with the key may send it again.
func (c *claim) leaveSent(ctx context.Context) {
	if c.shared != nil {
		c.shared.Finish(ctx, c.record(stateSent), keepAnswersFor)
	}
}
