package upstream

import (
	"slices"
	"time"
)

// decline is the order of states, from the best to the worst.
var decline = []State{Live, Cached, Revalidating, Stale, Skipped, Failed}

// Together is the provenance of what is made of several answers: as good as
// the worst of them. Its attempts are those of the answer that was waited for
// longest.
func Together(first Provenance, others ...Provenance) Provenance {
	p := first
	for _, o := range others {
		p.add(&o)
	}
	return p
}

// Batched is the provenance of what is made of a batch's answers: as good as the
// worst of them. Answers that a thing does not exist count only if all are such.
// Without questions it is cached.
func Batched[A any](answers []Answer[A]) Provenance {
	if len(answers) == 0 {
		return Provenance{State: Cached}
	}
	some := slices.ContainsFunc(answers, func(a Answer[A]) bool { return a.State != Skipped })
	var p Provenance
	for i := range answers {
		o := &answers[i].Provenance
		if some && o.State == Skipped {
			missing := *o
			missing.State, missing.Err, missing.FwdStatus = "", nil, 0
			o = &missing
		}
		p.add(o)
	}
	return p
}

// add makes p the provenance of its own answer together with that of o.
func (p *Provenance) add(o *Provenance) {
	if slices.Index(decline, o.State) > slices.Index(decline, p.State) {
		p.State = o.State
		if o.Err != nil {
			p.Err = o.Err
		}
	}
	if p.Err == nil {
		p.Err = o.Err
	}
	if o.Latency > p.Latency || o.Latency == p.Latency && o.Attempts > p.Attempts {
		p.Latency, p.Attempts = o.Latency, o.Attempts
	}
	p.Age = max(p.Age, o.Age)
	p.FreshUntil = sooner(p.FreshUntil, o.FreshUntil)
	p.Version = max(p.Version, o.Version)
	p.Forward = max(p.Forward, o.Forward)
	p.FwdStatus = max(p.FwdStatus, o.FwdStatus)
	p.Stored = p.Stored || o.Stored
	p.Collapsed = p.Collapsed || o.Collapsed
}

// sooner returns the earlier of two times; a zero time counts as none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
