package simnet

import (
	"maps"
	"sync"
	"time"
)

// instants makes sure that no two things arrive at the same nanosecond anywhere in a
// network. Otherwise the runtime would decide randomly which of them is first.
type instants struct {
	mu    sync.Mutex
	taken map[int64]struct{} // nanoseconds
	prune int                // forgets the past when taken is as large as this
}

// take returns the first free instant from t on, which is in the future.
func (i *instants) take(t time.Time) time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.taken) >= i.prune {
		now := time.Now().UnixNano()
		maps.DeleteFunc(i.taken, func(at int64, _ struct{}) bool { return at < now })
		i.prune = 2*len(i.taken) + 1024
	}
	if i.taken == nil {
		i.taken = make(map[int64]struct{})
	}
	for {
		at := t.UnixNano()
		if _, taken := i.taken[at]; !taken {
			i.taken[at] = struct{}{}
			return t
		}
		t = t.Add(1)
	}
}
