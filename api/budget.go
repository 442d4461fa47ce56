package api

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// budget is the deadline of a request. Its timer is started when somebody first waits
// for the request's context, which an answer from the cache never does.
type budget struct {
	timed atomic.Pointer[context.Context] // nil: nobody has waited yet

	mu   sync.Mutex // guards what follows
	ends time.Time  // zero: there is no deadline
	stop context.CancelFunc
	over bool
}

type budgetKey struct{}

// of returns parent with the deadline. If start is false, it returns parent itself as
// long as nobody has waited.
func (b *budget) of(parent context.Context, start bool) context.Context {
	if ctx := b.timed.Load(); ctx != nil {
		return *ctx
	}
	if !start {
		return parent
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ends.IsZero() {
		return parent
	}
	if b.stop == nil {
		ctx, stop := context.WithDeadline(parent, b.ends)
		if b.over {
			stop()
		}
		b.stop = stop
		b.timed.Store(&ctx)
	}
	return *b.timed.Load()
}

// begin sets the deadline.
func (b *budget) begin(ends time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ends = ends
}

// end ends the request, and with it every wait for its context.
func (b *budget) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over = true; b.stop != nil {
		b.stop()
	}
}
