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

	usualMin    = 50 // calls of the last usualWithin, for a latency to be usual
	usualWithin = 10 * time.Minute
)

// latencies are the durations of an upstream's recent successful attempts.
// failsafe's own learned quantile is not used: it moves away from its first sample,
// which includes TCP and TLS, by 1 % of a decaying deviation. After a slow first
// call it does not hedge for thousands of calls.
type latencies struct {
	quantile float64      // that a hedge waits for; 0: nobody asks
	hedge    atomic.Int64 // ns; 0: not known yet

	usual      atomic.Int64 // the 0.99-quantile, ns; 0: not known yet
	usualUntil atomic.Int64 // when it is no longer known, ns of the Unix time

	mu    sync.Mutex
	ring  [latencySamples]time.Duration
	ends  [latencySamples]int64 // when each call ended, ns of the Unix time
	added int
}

func (l *latencies) add(d time.Duration, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.added%latencySamples] = d
	l.ends[l.added%latencySamples] = now.UnixNano()
	l.added++
	if l.added < latencyMin || l.added != latencyMin && l.added != usualMin && l.added%latencyEvery != 0 {
		return
	}
	var buffer [latencySamples]time.Duration
	sorted := l.sorted(&buffer)
	if l.quantile > 0 {
		l.hedge.Store(int64(hedgeDelay(sorted, l.quantile)))
	}
	if l.added >= usualMin {
		l.usual.Store(int64(at(sorted, 0.99)))
		l.usualUntil.Store(l.ends[(l.added-usualMin)%latencySamples] + int64(usualWithin))
	}
}

// usually is the 0.99-quantile. It is known if at least usualMin calls have succeeded
// within usualWithin.
func (l *latencies) usually(now time.Time) (p99 time.Duration, known bool) {
	d := time.Duration(l.usual.Load())
	return d, d > 0 && now.UnixNano() < l.usualUntil.Load()
}

// hedgeAfter is the delay of a hedge after the attempt; negative: not known yet.
func (l *latencies) hedgeAfter() time.Duration {
	if d := l.hedge.Load(); d > 0 {
		return time.Duration(d)
	}
	return -1
}

// hedgeDelay is a little more than the quantile, but bounded by a few medians: if one
// call in ten is much slower, the quantile is such a slow call.
func hedgeDelay(sorted []time.Duration, quantile float64) time.Duration {
	return min(at(sorted, quantile), 5*at(sorted, 0.5)) + time.Millisecond
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
