package aggregate

import (
	"context"
	"time"
)

// Lead asks a leader, and parts that are useless unless the leader has a value. The
// parts beside it are asked at the same time; those after it build their question
// from its answer. Only the leader starts the patience clock, with its answer or with
// a stale one in the cache. When it has no value, the others are not waited for.
func Lead(ctx context.Context, patience time.Duration, leader Part, beside, after []Part) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first := &first{Part: leader, answered: make(chan struct{}), failed: cancel}
	parts := make([]Part, 0, 1+len(beside)+len(after))
	parts = append(parts, first)
	for _, p := range beside {
		parts = append(parts, follower{Part: p, first: first})
	}
	for _, p := range after {
		parts = append(parts, follower{Part: p, first: first, waits: true})
	}
	Gather(ctx, patience, parts...)
}

// first is the leader of a fan-out.
type first struct {
	Part
	answered chan struct{} // closed when there is an answer, with or without a value
	failed   context.CancelFunc
}

// Now implements Part. Gather calls it before the followers' Now.
func (f *first) Now(ctx context.Context, now time.Time) (done, held bool) {
	if done, held = f.Part.Now(ctx, now); done {
		f.settle()
	}
	return done, held
}

// Ask implements Part.
func (f *first) Ask(ctx context.Context) {
	defer f.settle() // even after a panic: followers wait for it
	f.Part.Ask(ctx)
}

// settle lets the followers go on, or ends the fan-out if the leader has no value.
func (f *first) settle() {
	if !f.Useful() {
		f.failed()
	}
	close(f.answered)
}

func (f *first) isAnswered() bool {
	select {
	case <-f.answered:
		return true
	default:
		return false
	}
}

// follower is a part that is useless unless the leader has a value.
type follower struct {
	Part
	first *first
	waits bool // it needs the leader's answer
}

// Now implements Part. If the leader has no value, the part is skipped. If it needs
// the leader's answer and there is none yet, it is not done.
func (f follower) Now(ctx context.Context, now time.Time) (done, _ bool) {
	switch answered := f.first.isAnswered(); {
	case answered && !f.first.Useful():
		return true, false
	case !answered && f.waits:
		return false, false
	}
	done, _ = f.Part.Now(ctx, now)
	return done, false
}

// Ask implements Part. It waits for the leader without watching ctx: the leader's own
// wait ends with the same ctx. It may then have a stale value whose other parts are
// still cached, so the part is asked even after ctx is done.
func (f follower) Ask(ctx context.Context) {
	if f.waits {
		<-f.first.answered
		if !f.first.Useful() {
			return
		}
	}
	f.Part.Ask(ctx)
}

// Useful implements Part: no follower starts the patience clock.
func (follower) Useful() bool { return false }
