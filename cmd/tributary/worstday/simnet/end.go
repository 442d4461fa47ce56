package simnet

import (
	"net"
	"os"
	"time"
)

// end is the side of a pipe that reads or that writes.
type end struct {
	closed   bool
	deadline time.Time
	timer    *time.Timer // wakes those who wait; nil: it was not needed
	wakes    time.Time   // when timer fires; zero: it does not
}

// failure is why an end cannot go on, if it cannot.
func (e *end) failure(now time.Time, broken error) error {
	switch {
	case e.closed:
		return net.ErrClosed
	case !e.deadline.IsZero() && !now.Before(e.deadline):
		return os.ErrDeadlineExceeded
	}
	return broken
}

// wait waits until something changes, until next, or until the deadline of an end. p.mu
// is held before and after.
func (p *pipe) wait(e *end, now, next time.Time) {
	if next.IsZero() || !e.deadline.IsZero() && e.deadline.Before(next) {
		next = e.deadline
	}
	if !next.IsZero() && !next.Equal(e.wakes) {
		e.wakes = next
		if e.timer == nil {
			e.timer = time.AfterFunc(next.Sub(now), func() { p.wake(e) })
		} else {
			e.timer.Reset(next.Sub(now))
		}
	}
	p.changed.Wait()
}

func (p *pipe) wake(e *end) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.wakes = time.Time{}
	p.changed.Broadcast()
}

// setDeadline changes the deadline of an end, also for those who wait.
func (p *pipe) setDeadline(e *end, t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !e.deadline.Equal(t) {
		e.deadline = t
		p.changed.Broadcast()
	}
}

// close closes an end. It reports false if it was closed before.
func (p *pipe) close(e *end) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.closed {
		return false
	}
	e.closed = true
	if e.timer != nil {
		e.timer.Stop()
	}
	if e == &p.read {
		p.queue, p.size = nil, 0
	}
	p.changed.Broadcast()
	return true
}
