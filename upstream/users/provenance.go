package users

import (
	"slices"
	"time"

	"tributary/upstream"
)

// decline is the order of states, from the best to the worst.
var decline = []upstream.State{upstream.Live, upstream.Cached, upstream.Revalidating, upstream.Stale, upstream.Skipped, upstream.Failed}

// together is the provenance of what is made of several answers: as good as
// the worst of them. Its attempts are those of the answer that was waited for
// longest.
func together(first upstream.Provenance, others ...upstream.Provenance) upstream.Provenance {
	p := first
	for _, o := range others {
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
		p.Held = (p.Held || !p.Asked) && (o.Held || !o.Asked)
		p.Wished = (p.Wished || !p.Asked) && (o.Wished || !o.Asked)
		p.Asked = p.Asked || o.Asked
		p.Shared = p.Shared || o.Shared
		p.Stored = p.Stored || o.Stored
		p.Status = max(p.Status, o.Status)
	}
	return p
}

// sooner is the earlier of two ends, where there are two.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
