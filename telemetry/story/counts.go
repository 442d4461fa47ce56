package story

import (
	"cmp"
	"slices"
	"time"
)

// Minute counts the answers of the last minute.
func (r *Recorder) Minute() (sum Totals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seconds.last(time.Now(), 60, func(_ int, t *Totals) { sum.add(*t) })
	return sum
}

// All counts the answers since the start.
func (r *Recorder) All() Totals {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

// History counts answers by Interval, the newest last. Before the start there are zeros.
func (r *Recorder) History(now time.Time) []Totals {
	all := make([]Totals, Intervals)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps.last(now, Intervals, func(ago int, t *Totals) { all[Intervals-1-ago] = *t })
	return all
}

// Route counts the recent answers of a route.
type Route struct {
	Route string
	Totals
}

// Routes counts the recent answers by route.
func (r *Recorder) Routes() (all []Route) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for route, b := range r.routes {
		one := Route{Route: route}
		b.last(now, int(Recent/time.Second), func(_ int, t *Totals) { one.add(*t) })
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Route) int { return cmp.Compare(a.Route, b.Route) })
	return all
}

// Flow counts how a source took part in the recent answers of a route.
type Flow struct {
	Source, Route string
	States        map[string]int // answers by state, without states that have none
}

// Flows counts sources in recent answers. Pairs that were seen earlier have no states.
func (r *Recorder) Flows() (all []Flow) {
	now := time.Now()
	by := make(map[flow]map[string]int)
	r.mu.Lock()
	defer r.mu.Unlock()
	for f, b := range r.flows {
		pair := flow{source: f.source, route: f.route}
		if by[pair] == nil {
			by[pair] = make(map[string]int)
		}
		b.last(now, int(Recent/time.Second), func(_ int, n *int) { by[pair][f.state] += *n })
	}
	for pair, states := range by {
		all = append(all, Flow{pair.source, pair.route, states})
	}
	slices.SortFunc(all, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Source, b.Source))
	})
	return all
}
