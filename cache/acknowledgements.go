package cache

import (
	"crypto/rand"
	"time"
)

// acknowledgements counts the acknowledgements of one message. They may arrive before
// Redis returns the number of subscribers.
type acknowledgements struct {
	id          string
	count, want int // want is negative until it is known
	complete    chan struct{}
}

// await prepares to count the acknowledgements of a message.
func (n *invalidations) await() *acknowledgements {
	a := &acknowledgements{id: rand.Text(), want: -1, complete: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.awaited[a.id] = a
	return a
}

func (n *invalidations) forget(a *acknowledgements) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.awaited, a.id)
}

// wait returns once all subscribers have acknowledged, or after a moment.
func (n *invalidations) wait(a *acknowledgements, subscribers int) {
	n.mu.Lock()
	a.want = subscribers
	complete := a.count >= subscribers
	n.mu.Unlock()
	if complete {
		return
	}
	limit := n.redis.timeout
	if !n.listening.Load() { // acknowledgements cannot arrive here: give the others a moment to act
		limit = min(limit, redisTimeout)
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-a.complete:
	case <-timer.C:
	}
}

// acknowledged counts an acknowledgement of the message with this id.
func (n *invalidations) acknowledged(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a := n.awaited[id]
	if a == nil {
		return
	}
	if a.count++; a.count == a.want {
		close(a.complete)
	}
}
