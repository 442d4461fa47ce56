package worstday

import (
	"bytes"
	"strconv"
	"sync"
	"sync/atomic"
)

// kept is how many lines of log a world keeps.
const kept = 2000

// ring keeps the last lines of all gateways.
type ring struct {
	mu    sync.Mutex
	lines []line
	next  int // in lines, once these are full
}

type line struct {
	replica int
	text    []byte
}

// lines is the standard error of one gateway.
type lines struct {
	ring    *ring
	replica int
	stopped atomic.Bool
}

// stop drops what is written from now on.
func (l *lines) stop() { l.stopped.Store(true) }

// Write keeps one line; the logger writes each with one call.
func (l *lines) Write(b []byte) (int, error) {
	if l.stopped.Load() {
		return len(b), nil
	}
	r := l.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) < kept {
		r.lines = append(r.lines, line{})
		r.next = len(r.lines) - 1
	}
	at := &r.lines[r.next]
	at.replica, at.text = l.replica, append(at.text[:0], bytes.TrimSuffix(b, []byte("\n"))...)
	r.next = (r.next + 1) % kept
	return len(b), nil
}

// Log returns the last n lines that all gateways have logged, in order, each after the
// number of its gateway. At most 2,000 are kept.
func (w *World) Log(n int) []string {
	r := &w.log
	r.mu.Lock()
	defer r.mu.Unlock()
	n = min(n, len(r.lines))
	last := make([]string, 0, n)
	for i := range n {
		l := r.lines[(r.next-n+i+2*kept)%kept]
		last = append(last, strconv.Itoa(l.replica)+" "+string(l.text))
	}
	return last
}
