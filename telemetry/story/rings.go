package story

import (
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"
)

// kind is what became of a request.
type kind int

const (
	complete kind = iota
	degraded
	failed
	clientError
	kinds int = iota
)

// sizes are how many stories of each kind are kept. Each kind has a ring of its own, so
// that many complete answers, or many requests to paths that do not exist, do not push out
// the stories of failures.
var sizes = [kinds]int{complete: 1024, degraded: 1024, failed: 1024, clientError: 512}

// ring keeps the latest stories.
type ring struct {
	slots []atomic.Pointer[Story]
	next  atomic.Uint64 // stories so far
}

func (r *ring) add(s *Story) {
	r.slots[(r.next.Add(1)-1)%uint64(len(r.slots))].Store(s)
}

// reader reads a ring from its newest story on.
type reader struct {
	ring *ring
	next uint64 // the number of stories that are older than those that were read
	left int
}

// older is the next older story, nil if there is none.
func (r *reader) older() *Story {
	for r.left > 0 && r.next > 0 {
		r.next--
		r.left--
		if s := r.ring.slots[r.next%uint64(len(r.ring.slots))].Load(); s != nil {
			return s
		}
	}
	return nil
}

// Story is the latest story of a trace, nil if none is kept.
func (r *Recorder) Story(id trace.TraceID) *Story {
	for s := range r.Latest {
		if s.id == id {
			return s
		}
	}
	return nil
}

// Latest yields the stories that are kept, the newest first.
func (r *Recorder) Latest(yield func(*Story) bool) {
	var readers [kinds]reader
	var heads [kinds]*Story // the newest story of each ring that was not yielded
	for k := range readers {
		ring := &r.stories[k]
		readers[k] = reader{ring: ring, next: ring.next.Load(), left: len(ring.slots)}
		heads[k] = readers[k].older()
	}
	for {
		newest := -1
		for k, s := range heads {
			if s != nil && (newest < 0 || s.number > heads[newest].number) {
				newest = k
			}
		}
		if newest < 0 || !yield(heads[newest]) {
			return
		}
		heads[newest] = readers[newest].older()
	}
}
