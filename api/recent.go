package api

import (
	"container/list"
	"time"
)

// recent holds a time for each of at most max keys. When it is full, a new key
// replaces the one that was not read or written for longest. It is not safe for
// concurrent use.
type recent struct {
	max   int
	order *list.List // of *recentTime, the last used one first
	byKey map[string]*list.Element
}

type recentTime struct {
	key  string
	time time.Time
}

func newRecent(max int) *recent {
	return &recent{max, list.New(), make(map[string]*list.Element)}
}

// get returns the key's time, the zero time if there is none.
func (r *recent) get(key string) time.Time {
	e, ok := r.byKey[key]
	if !ok {
		return time.Time{}
	}
	r.order.MoveToFront(e)
	return e.Value.(*recentTime).time
}

func (r *recent) put(key string, t time.Time) {
	if e, ok := r.byKey[key]; ok {
		e.Value.(*recentTime).time = t
		r.order.MoveToFront(e)
		return
	}
	if r.order.Len() == r.max {
		last := r.order.Remove(r.order.Back()).(*recentTime)
		delete(r.byKey, last.key)
	}
	r.byKey[key] = r.order.PushFront(&recentTime{key, t})
}
