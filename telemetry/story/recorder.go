package story

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxNames = 1024 // of each kind of name that is counted

	// Recent is how far back rates reach.
	Recent = 10 * time.Second

	// Interval and Intervals are the resolution of the history, 15 minutes.
	Interval  = 5 * time.Second
	Intervals = 180
)

// Recorder keeps the latest stories and events, and counts answers and calls. It is safe
// for concurrent use.
type Recorder struct {
	stories [kinds]ring
	kept    atomic.Uint64 // stories so far

	mu      sync.Mutex // guards what follows
	seconds buckets[Totals]
	steps   buckets[Totals]
	all     Totals // since the start
	routes  map[string]*buckets[Totals]
	flows   map[flow]*buckets[int]

	events    events
	upstreams upstreams
}

// Totals count answers.
type Totals struct {
	Complete, Degraded, Problems int
	ClientErrors                 int
	Older                        int           // answers with older data
	Oldest                       time.Duration // age of the oldest data
	Overloaded                   int           // answers for which a source was not asked: too many calls were in flight
}

// Answers is the number of requests that were not the caller's mistake.
func (t Totals) Answers() int { return t.Complete + t.Degraded + t.Problems }

func (t *Totals) add(o Totals) {
	t.Complete += o.Complete
	t.Degraded += o.Degraded
	t.Problems += o.Problems
	t.ClientErrors += o.ClientErrors
	t.Older += o.Older
	t.Oldest = max(t.Oldest, o.Oldest)
	t.Overloaded += o.Overloaded
}

// flow is what is counted of a source's part in answers.
type flow struct{ source, route, state string }

// NewRecorder returns an empty recorder.
func NewRecorder() *Recorder {
	r := &Recorder{
		seconds: newBuckets[Totals](time.Second, 64),
		steps:   newBuckets[Totals](Interval, Intervals+1),
		routes:  make(map[string]*buckets[Totals]),
		flows:   make(map[flow]*buckets[int]),
	}
	for k, size := range sizes {
		r.stories[k].slots = make([]atomic.Pointer[Story], size)
	}
	return r
}

// result is what is counted of a story.
type result struct {
	route   string
	kind    kind
	sources []Source
}

// keep counts a story and puts it into the ring of its kind.
func (r *Recorder) keep(s *Story, what result) {
	s.number = r.kept.Add(1)
	r.stories[what.kind].add(s)
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	one := what.totals()
	r.seconds.at(now).add(one)
	r.steps.at(now).add(one)
	r.all.add(one)
	if b := counted(r.routes, what.route); b != nil {
		b.at(now).add(one)
	}
	r.count(now, what.route, what.sources)
}

func (w result) totals() (t Totals) {
	switch w.kind {
	case complete:
		t.Complete = 1
	case degraded:
		t.Degraded = 1
	case failed:
		t.Problems = 1
	case clientError:
		t.ClientErrors = 1
		return t
	}
	t.look(w.sources)
	return t
}

// look takes what the sources say about age and load.
func (t *Totals) look(sources []Source) {
	for i := range sources {
		s := &sources[i]
		if s.State == "stale" {
			t.Older, t.Oldest = 1, max(t.Oldest, s.Age)
		}
		if s.Code == "overloaded" {
			t.Overloaded = 1
		}
		t.look(s.Sources)
	}
}

// count counts the sources themselves, and not the parts that are made of several. r.mu
// is held.
func (r *Recorder) count(now time.Time, route string, sources []Source) {
	for i := range sources {
		s := &sources[i]
		if len(s.Sources) > 0 {
			r.count(now, route, s.Sources)
			continue
		}
		if b := counted(r.flows, flow{s.Name, route, s.State}); b != nil {
			*b.at(now)++
		}
	}
}

// counted is where a name is counted, nil if there are too many names.
func counted[K comparable, T any](m map[K]*buckets[T], name K) *buckets[T] {
	b := m[name]
	if b == nil && len(m) < maxNames {
		made := newBuckets[T](time.Second, int(Recent/time.Second)+1)
		b = &made
		m[name] = b
	}
	return b
}
