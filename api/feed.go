package api

import (
	"context"
	"sync"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// How long a feed waits before it asks its question again, unless it is told to. It asks
// when the first part of the answer is no longer fresh, but not later than after
// longestPause: another replica or the time of day may change the answer earlier.
const (
	shortestPause = time.Second // also while a refresh runs in the background
	failurePause  = degradedMaxAge * time.Second
	longestPause  = 15 * time.Second
)

// feed asks one question again and again, for all streams that listen to its answer.
type feed struct {
	stop      context.CancelFunc
	ended     chan struct{} // closed when it asks no more
	listeners int           // guarded by streams.mu
	again     chan struct{} // has room for one: ask now

	mu       sync.Mutex
	latest   *update       // nil until the first answer
	begun    int           // how often it has begun to ask
	answered int           // which time latest is of
	asked    chan struct{} // closed when latest is of another time
	changed  chan struct{} // closed when latest has another id
}

func newFeed(stop context.CancelFunc) *feed {
	return &feed{
		stop: stop, ended: make(chan struct{}), again: make(chan struct{}, 1),
		asked: make(chan struct{}), changed: make(chan struct{}),
	}
}

// askAgain lets it ask before its pause is over.
func (f *feed) askAgain() {
	select {
	case f.again <- struct{}{}:
	default: // it will
	}
}

// run asks until ctx is done.
func (f *feed) run(ctx context.Context, ask func(context.Context) *update) {
	defer close(f.ended)
	for {
		f.mu.Lock()
		f.begun++
		f.mu.Unlock()
		n := ask(ctx)
		if ctx.Err() != nil {
			return // ask was cut short
		}
		f.publish(n)
		timer := time.NewTimer(n.pause)
		select {
		case <-timer.C:
		case <-f.again:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// publish wakes the listeners if they have not had this yet. The latest update is kept in
// any case: a new listener gets the current ages of the sources.
func (f *feed) publish(n *update) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.latest == nil || f.latest.id != n.id {
		close(f.changed)
		f.changed = make(chan struct{})
	}
	f.latest, f.answered = n, f.begun
	close(f.asked)
	f.asked = make(chan struct{})
}

// current is the latest update, nil if there is none yet, and a channel that is closed
// when there is another. A slow listener misses what was replaced in between.
func (f *feed) current() (*update, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.latest, f.changed
}

// first waits for the update that a new listener gets first. The latest may be older
// than what a plain request is answered with, so it asks again.
func (f *feed) first(ctx context.Context) (*update, error) {
	f.mu.Lock()
	wanted := 1
	if f.latest != nil {
		wanted = f.begun + 1
		f.askAgain()
	}
	f.mu.Unlock()
	for {
		f.mu.Lock()
		n, answered, asked := f.latest, f.answered, f.asked
		f.mu.Unlock()
		if answered >= wanted {
			return n, nil
		}
		select {
		case <-asked:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pauseAfter is how long to wait before asking again for what these sources have
// answered.
func pauseAfter(sources []aggregate.Outcome, now time.Time) time.Duration {
	pause := longestPause
	for _, o := range sources {
		pause = min(pause, pauseOf(o, now))
	}
	return max(pause, shortestPause)
}

// pauseOf is the pause that one source asks for.
func pauseOf(o aggregate.Outcome, now time.Time) time.Duration {
	pause := longestPause
	switch {
	case o.State == upstream.Revalidating:
		pause = shortestPause
	case o.FreshUntil.After(now):
		pause = o.FreshUntil.Sub(now)
	case o.Degraded():
		pause = failurePause
	}
	for _, inner := range o.Sources {
		pause = min(pause, pauseOf(inner, now))
	}
	return pause
}
