package upstream

import "tributary/upstream/call"

// Status is the state of an upstream, for operators.
type Status struct {
	call.Status
	Cache CacheStatus
}

// CacheStatus counts how questions to an upstream's sources were answered.
type CacheStatus struct {
	Hits      int64 // fresh, or served while a refresh runs
	Misses    int64 // the upstream had to be asked
	Stale     int64 // a stale answer, because asking failed or took too long
	Collapsed int64 // waited for a fetch that another caller began
}

// Status is a snapshot. Its counters are not read atomically together.
func (u *Upstream) Status() Status {
	return Status{
		Status: u.client.Status(),
		Cache: CacheStatus{
			Hits:      u.counters.hits.Load(),
			Misses:    u.counters.misses.Load(),
			Stale:     u.counters.staleServed.Load(),
			Collapsed: u.counters.collapsed.Load(),
		},
	}
}
