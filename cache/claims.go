package cache

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// maxUnfinished bounds the finished claims whose last record Redis has not stored yet.
const maxUnfinished = 1000

// claims are the unfinished claims of this process.
type claims struct {
	mu      sync.Mutex
	open    []*Claim
	waiting int // how many of open are finished and not stored
}

// renew renews the leases that are due, and stores what Finish could not. It stops at
// the first command that does not reach Redis.
func (cs *claims) renew(now time.Time) {
	cs.mu.Lock()
	open := slices.Clone(cs.open)
	cs.mu.Unlock()
	for _, c := range open {
		if err := c.renew(context.Background(), now); err != nil && !answered(err) && !errors.Is(err, ErrClaimLost) {
			return
		}
	}
}

func (cs *claims) add(c *Claim) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.open = append(cs.open, c)
}

// remove removes a claim from the list. c.mu is held.
func (cs *claims) remove(c *Claim) {
	c.over = true
	cs.mu.Lock()
	defer cs.mu.Unlock()
	i := slices.Index(cs.open, c)
	if i < 0 {
		return
	}
	cs.open = slices.Delete(cs.open, i, i+1)
	if c.finished {
		cs.waiting--
	}
}

// wait adds a claim whose last record is not stored. It returns false if there are
// maxUnfinished already.
func (cs *claims) wait() bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.waiting >= maxUnfinished {
		return false
	}
	cs.waiting++
	return true
}
