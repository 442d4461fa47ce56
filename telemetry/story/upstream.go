package story

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

type upstreams struct {
	mu sync.Mutex
	by map[string]*Upstream
}

// Upstream counts the calls to one upstream. It is safe for concurrent use; a nil one
// counts nothing.
type Upstream struct {
	name   string
	events *events

	mu       sync.Mutex
	seconds  buckets[Calls]
	steps    buckets[Calls]
	row      int                        // failures since the last request that did not fail
	asks     map[string]*buckets[asked] // by source
	failures map[string]*Failure        // by code
}

// Calls count requests to an upstream.
type Calls struct {
	Calls, Failures            int // requests that have ended, and those of them that failed
	Retries, Hedges, HedgesWon int
	Took                       time.Duration // of the requests that did not fail, together
}

func (c *Calls) add(o Calls) {
	c.Calls += o.Calls
	c.Failures += o.Failures
	c.Retries += o.Retries
	c.Hedges += o.Hedges
	c.HedgesWon += o.HedgesWon
	c.Took += o.Took
}

type asked struct{ live, failed int }

// Failure is a kind of failure of an upstream.
type Failure struct {
	Code, Detail string
	At           time.Time
	Count        int // in a row without 15 minutes between two
}

// failuresFor is how long a failure is shown.
const failuresFor = 15 * time.Minute

// Upstream is where the calls to an upstream are counted. It is nil for a nil recorder, and
// when there are too many names.
func (r *Recorder) Upstream(name string) *Upstream {
	if r == nil {
		return nil
	}
	r.upstreams.mu.Lock()
	defer r.upstreams.mu.Unlock()
	u := r.upstreams.by[name]
	if u != nil || len(r.upstreams.by) >= maxNames {
		return u
	}
	if r.upstreams.by == nil {
		r.upstreams.by = make(map[string]*Upstream)
	}
	u = &Upstream{
		name: name, events: &r.events,
		seconds: newBuckets[Calls](time.Second, 64), steps: newBuckets[Calls](Interval, Intervals+1),
		asks: make(map[string]*buckets[asked]), failures: make(map[string]*Failure),
	}
	r.upstreams.by[name] = u
	return u
}

func (u *Upstream) count(c Calls) {
	if u == nil {
		return
	}
	now := time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seconds.at(now).add(c)
	u.steps.at(now).add(c)
}

// Ended counts a request that a source has sent.
func (u *Upstream) Ended(source string, took time.Duration, failed bool) {
	if u == nil {
		return
	}
	one, ask := Calls{Calls: 1, Took: took}, asked{live: 1}
	if failed {
		one, ask = Calls{Calls: 1, Failures: 1}, asked{failed: 1}
	}
	u.count(one)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.row++; !failed {
		u.row = 0
	}
	if b := counted(u.asks, source); b != nil {
		a := b.at(time.Now())
		a.live += ask.live
		a.failed += ask.failed
	}
}

// InARow is how many requests have failed since the last one that did not.
func (u *Upstream) InARow() int {
	if u == nil {
		return 0
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.row
}

// Retried counts a retry that is sent.
func (u *Upstream) Retried() { u.count(Calls{Retries: 1}) }

// Hedged counts a hedge that is sent, and HedgeWon one that answered first.
func (u *Upstream) Hedged() { u.count(Calls{Hedges: 1}) }

// HedgeWon counts a hedge that answered first.
func (u *Upstream) HedgeWon() { u.count(Calls{HedgesWon: 1}) }

// Failed keeps a failure for the list of the latest ones.
func (u *Upstream) Failed(code, detail string) {
	if u == nil {
		return
	}
	now := time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	f := u.failures[code]
	if f == nil || now.Sub(f.At) > failuresFor {
		f = &Failure{Code: code}
		u.failures[code] = f
	}
	f.Detail, f.At = detail, now
	f.Count++
}

// Happened adds an event about the upstream. The text is without its name.
func (u *Upstream) Happened(kind Kind, text string) {
	if u != nil {
		u.events.add(kind, u.name, u.name+": "+text)
	}
}

// In counts the requests of the last seconds, at most 60.
func (u *Upstream) In(last time.Duration) (sum Calls) {
	if u == nil {
		return sum
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seconds.last(time.Now(), int(last/time.Second), func(_ int, c *Calls) { sum.add(*c) })
	return sum
}

// History counts requests by Interval, the newest last.
func (u *Upstream) History(now time.Time) []Calls {
	all := make([]Calls, Intervals)
	if u == nil {
		return all
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.steps.last(now, Intervals, func(ago int, c *Calls) { all[Intervals-1-ago] = *c })
	return all
}

// Ask counts the recent requests of a source.
type Ask struct {
	Source       string
	Live, Failed int
}

// Asks counts recent requests by source.
func (u *Upstream) Asks() (all []Ask) {
	if u == nil {
		return nil
	}
	now := time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	for source, b := range u.asks {
		one := Ask{Source: source}
		b.last(now, int(Recent/time.Second), func(_ int, a *asked) { one.Live, one.Failed = one.Live+a.live, one.Failed+a.failed })
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Ask) int { return cmp.Compare(a.Source, b.Source) })
	return all
}

// Failures are the kinds of failures of the last 15 minutes, the latest first.
func (u *Upstream) Failures() (all []Failure) {
	if u == nil {
		return nil
	}
	now := time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, f := range u.failures {
		if now.Sub(f.At) <= failuresFor {
			all = append(all, *f)
		}
	}
	slices.SortFunc(all, func(a, b Failure) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Code, b.Code)) })
	return all
}
