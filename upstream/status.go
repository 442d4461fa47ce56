package upstream

import "tributary/upstream/call"

// Status is what operators want to know of an upstream.
type Status struct {
	call.Status
	Cache CacheStatus
}

// CacheStatus counts how an upstream's questions were answered from memory.
type CacheStatus struct {
	Hits      int64 // fresh, or served while a refresh runs
	Misses    int64 // the upstream had to be asked
	Stale     int64 // an old answer, because asking failed or took too long
	Collapsed int64 // waited for a fetch that another caller began
}

// Status is a snapshot; its counts need not be of the very same moment.
func (u *Upstream) Status() Status {
	return Status{
		Status: u.client.Status(),
		Cache: CacheStatus{
			Hits:      u.counters.hits.Load(),
			Misses:    u.counters.misses.Load(),
			Stale:     u.counters.staleServed.Load(),
			Collapsed: u.counters.coalesced.Load(),
		},
	}
}
