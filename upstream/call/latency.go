package call

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	latencySamples = 128 // number of latest successful calls that are stored
	latencyEvery   = 8   // calls between two computations of the delay
	latencyMin     = 20  // calls before the first computation
)

// latencies are the durations of an upstream's recent successful attempts.
// failsafe's own learned quantile is not used: it moves away from its first sample,
// which includes TCP and TLS, by 1 % of a decaying deviation. After a slow first
// call it does not hedge for thousands of calls.
type latencies struct {
	quantile float64      // that a hedge waits for; 0: nobody asks
	hedge    atomic.Int64 // ns; 0: not known yet

	mu    sync.Mutex
	ring  [latencySamples]time.Duration
	added int
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.added%latencySamples] = d
	l.added++
	if l.quantile > 0 && l.added >= latencyMin && (l.added == latencyMin || l.added%latencyEvery == 0) {
		l.hedge.Store(int64(l.hedgeDelay()))
	}
}

// hedgeAfter is the delay of a hedge after the attempt; negative: not known yet.
func (l *latencies) hedgeAfter() time.Duration {
	if d := l.hedge.Load(); d > 0 {
		return time.Duration(d)
	}
	return -1
}

// hedgeDelay is a little more than the quantile, but bounded by a few medians: if one
// call in ten is much slower, the quantile is such a slow call. l.mu is held.
func (l *latencies) hedgeDelay() time.Duration {
	var buffer [latencySamples]time.Duration
	sorted := l.sorted(&buffer)
	return min(at(sorted, l.quantile), 5*at(sorted, 0.5)) + time.Millisecond
}

// sorted sorts the durations in a buffer of the caller's. l.mu is held.
func (l *latencies) sorted(buffer *[latencySamples]time.Duration) []time.Duration {
	*buffer = l.ring
	sorted := buffer[:min(l.added, latencySamples)]
	slices.Sort(sorted)
	return sorted
}

// at is the q-quantile of sorted durations, by the nearest rank.
func at(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// Latency is a summary of recent successful attempts.
type Latency struct{ P50, P95, P99 time.Duration }

// summary returns false before the first successful attempt.
func (l *latencies) summary() (Latency, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.added == 0 {
		return Latency{}, false
	}
	var buffer [latencySamples]time.Duration
	sorted := l.sorted(&buffer)
	return Latency{P50: at(sorted, 0.5), P95: at(sorted, 0.95), P99: at(sorted, 0.99)}, true
}
