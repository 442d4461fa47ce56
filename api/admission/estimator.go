package admission

import (
	"log/slog"
	"math"
	"slices"
	"time"
)

// The limit moves by how long goroutines wait for a processor. Each number was tried
// against bursts, slow upstreams and processors that are taken away for a while.
const (
	sampleEvery = 25 * time.Millisecond // shorter windows have too few waits, which the runtime only samples
	samplesKept = 8                     // the least of them counts at first: a burst, or a processor taken away, leaves a low one
	lowSamples  = 2                     // are left out once it is overloaded: between two bursts the wait is low then too
	adjustEvery = 100 * time.Millisecond
	target      = time.Millisecond // of the wait

	least = 8  // without Config.Least
	usual = 64 // without Config.Usual
	most  = 4096

	growth      = 0.25        // of the limit, at each adjustment, as long as nobody waits
	carefully   = 0.08        // the same in overload: a limit that rises and falls fast lets bursts in, and all wait
	overloadFor = time.Second // since the limit was lowered last

	reopens   = 100 * time.Millisecond // after the last refusal
	logEvery  = time.Second
	quietTime = time.Second // without work, after which the estimator sleeps
)

// run moves the limit until stop is closed. It sleeps while there is nothing to do: a
// ticker costs little, but it keeps an idle processor from sleeping.
func (l *Limiter) run(stop <-chan struct{}) {
	defer close(l.stopped)
	for {
		select {
		case <-l.wake:
		case <-stop:
			return
		}
		if !l.watch(stop) {
			return
		}
	}
}

// rouse wakes the estimator. l.mu is held.
func (l *Limiter) rouse() {
	if l.asleep {
		l.asleep = false
		l.wake <- struct{}{} // does not block: the estimator took the one before
	}
}

// watch moves the limit until there is nothing to do, or stop is closed: then it returns
// false.
func (l *Limiter) watch(stop <-chan struct{}) bool {
	now := time.Now()
	e := estimator{Limiter: l, worked: now, sampled: now, adjusted: now}
	l.signal() // what was before does not count
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-stop:
			return false
		}
		now := time.Now()
		e.sample(now, l.signal())
		e.reopen(now)
		e.report(now)
		if now.Sub(e.adjusted) < adjustEvery {
			continue
		}
		e.adjust(now)
		if e.quiet(now) {
			return true
		}
	}
}

// estimator is what is known about the waits while there is work.
type estimator struct {
	*Limiter
	waits    [samplesKept]time.Duration
	samples  int
	sampled  time.Time // when the latest was taken
	adjusted time.Time // when the limit was
	lowered  time.Time // when it was lowered; zero: never
	worked   time.Time // when there was work last

	refusedBefore int64     // up to the last adjustment
	reported      int64     // refusals up to the last line in the log
	line          time.Time // of the last line; zero: all is well
}

// sample takes note of a wait. A sample that is about a longer time counts as several: the
// estimator has to wait for a processor itself, and a wait may be unknown for a while. If it
// is for long, hardly anything runs, and nothing waits.
func (e *estimator) sample(now time.Time, wait time.Duration) {
	if wait < 0 {
		if now.Sub(e.sampled) < samplesKept*sampleEvery {
			return
		}
		wait = 0
	}
	covers := (now.Sub(e.sampled) + sampleEvery/2) / sampleEvery
	for range max(1, min(covers, samplesKept)) {
		e.waits[e.samples%samplesKept] = wait
		e.samples++
	}
	e.sampled = now
}

// adjust moves the limit.
func (e *estimator) adjust(now time.Time) {
	pace, ignored := growth, 0
	if now.Sub(e.lowered) < overloadFor {
		pace, ignored = carefully, lowSamples
	}
	standing := slices.Sorted(slices.Values(e.waits[:]))[ignored]
	e.wait.Store(int64(standing))
	if standing > target {
		e.lowered = now
	}
	refused := e.total()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.limit = next(e.limit, e.least, e.usual, pace, standing, float64(max(e.peak, e.inFlight)), refused > e.refusedBefore)
	e.peak, e.refusedBefore, e.adjusted = e.inFlight, refused, now
}

// next is the next limit: lower when the wait is over its target, from what was in use unless
// the limit was reached; else higher by pace, if the limit is used; else back to the usual.
func next(limit, least, usual, pace float64, wait time.Duration, used float64, refused bool) float64 {
	over := wait.Seconds() / target.Seconds()
	switch {
	case over > 1:
		if !refused {
			limit = min(limit, used)
		}
		return max(least, limit*max(0.5, 0.95-0.1*math.Log2(over)))
	case refused || used > limit/2:
		return min(most, limit+max(1, max(2, pace*limit)*(1-over)))
	case limit < usual:
		return min(usual, limit+1)
	}
	return max(usual, 0.98*limit)
}

// reopen ends the closed state a while after the last refusal.
func (e *estimator) reopen(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now.Sub(e.last) >= reopens {
		e.closed.Store(false)
	}
}

// report logs refusals, once a second at most, and their end.
func (e *estimator) report(now time.Time) {
	if now.Sub(e.line) < logEvery {
		return
	}
	refused := e.total() - e.refused[Refresh].Load()
	switch news := refused - e.reported; {
	case news > 0:
		s := e.Status()
		e.log.Warn("overloaded: requests that need an upstream are refused",
			slog.Int64("refused", news), slog.Int("limit", s.Limit), slog.Int("in_flight", s.InFlight), slog.String("wait", s.Wait.String()))
		e.reported, e.line = refused, now
	case !e.line.IsZero():
		e.log.Info("no longer overloaded: every request is served again")
		e.line = time.Time{}
	}
}

// quiet reports whether there was nothing to do for long enough: then the estimator is
// asleep, and watch has to end.
func (e *estimator) quiet(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.inFlight > 0 || e.limit != e.usual || !e.line.IsZero() || e.closed.Load() {
		e.worked = now
	}
	if now.Sub(e.worked) < quietTime {
		return false
	}
	e.wait.Store(0)
	e.asleep = true
	return true
}

// total is the number of refusals.
func (l *Limiter) total() (n int64) {
	for c := range classes {
		n += l.refused[c].Load()
	}
	return n
}
