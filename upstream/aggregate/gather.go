package aggregate

import (
	"context"
	"sync"
	"time"

	"tributary/upstream"
)

// Part is one question of a fan-out. *Slot is one.
type Part interface {
	// Now answers from the cache if that can be done without waiting. held says
	// that there is an old value for when asking fails.
	Now(ctx context.Context, now time.Time) (done, held bool)
	// Ask waits for the answer, no longer than ctx.
	Ask(ctx context.Context)
	// Useful reports whether the answer has a value.
	Useful() bool
}

// Gather asks all parts side by side and returns when each has its answer. Once
// one part has a value, or an old one for when asking fails, the others are
// waited for no longer than patience from the start; ctx bounds everything.
// Fetches that are no longer waited for go on, and their answers are stored.
// A source whose usual latency is known is waited for less; see upstream.WithOthers.
func Gather(ctx context.Context, patience time.Duration, parts ...Part) {
	start := time.Now()
	var asked []Part
	arm := false
	for _, p := range parts {
		done, held := p.Now(ctx, start)
		if !done {
			asked = append(asked, p)
		}
		arm = arm || held || done && p.Useful()
	}
	if len(asked) == 0 {
		return
	}

	answered := make(chan struct{})
	ctx, stop := context.WithCancelCause(upstream.WithOthers(ctx, answered))
	defer stop(nil)
	startClock := sync.OnceFunc(func() {
		close(answered)
		timer := time.AfterFunc(patience-time.Since(start), func() { stop(upstream.ErrPatience) })
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	if arm {
		startClock()
	}
	var panics Panics
	ask := func(p Part) {
		defer panics.Catch()
		p.Ask(ctx)
		if p.Useful() {
			startClock()
		}
	}
	var wg sync.WaitGroup
	for _, p := range asked[1:] {
		wg.Go(func() { ask(p) })
	}
	ask(asked[0]) // here: a lone part needs no goroutine
	wg.Wait()
	panics.Repanic()
}
