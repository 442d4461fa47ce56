package cache

import (
	"sync"
	"sync/atomic"
)

// holds are the invalidations that Redis has not stored yet. Redis may still have the
// old value, with a stamp that looks current. So a held key is neither read from Redis
// nor stored there.
type holds struct {
	count atomic.Int64 // of all; most of the time there is none

	mu     sync.Mutex // guards what follows
	groups map[string]map[string]*hold
	last   uint64 // serial
}

// hold is one key of a group, or with "" the group.
type hold struct {
	group, key string
	keep       bool // as in Invalidate
	own        bool // it began here: the other replicas need a message
	announced  bool // the message was published, but the stamp is not stored
	sending    bool // Invalidate is delivering it; retry leaves it alone

	serial uint64 // a later invalidation of the same key changes it
}

// maxHeldKeys bounds the keys of a group that are held one by one; with more the
// group is held.
const maxHeldKeys = 256

// add adds h, or renews the hold that its key has, and returns it.
func (hs *holds) add(h hold) hold {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.groups == nil {
		hs.groups = make(map[string]map[string]*hold)
	}
	keys := hs.groups[h.group]
	if keys == nil {
		keys = make(map[string]*hold)
		hs.groups[h.group] = keys
	}
	if old := keys[h.key]; old != nil {
		h.announced = old.announced && !h.own // a received one was published to all
		h.keep, h.own = h.keep && old.keep, h.own || old.own
	} else {
		hs.count.Add(1)
	}
	hs.last++
	h.serial = hs.last
	keys[h.key] = &h
	if len(keys) > maxHeldKeys {
		hs.widen(keys)
	}
	return h
}

// widen holds the whole group in place of its keys. hs.mu is held.
func (hs *holds) widen(keys map[string]*hold) {
	hs.last++
	all := &hold{keep: true, serial: hs.last}
	for _, h := range keys {
		all.group, all.keep, all.own = h.group, all.keep && h.keep, all.own || h.own
	}
	hs.count.Add(1 - int64(len(keys)))
	clear(keys)
	keys[""] = all
}

// release ends a hold, unless a later invalidation has renewed it.
func (hs *holds) release(h hold) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if now := hs.groups[h.group][h.key]; now != nil && now.serial == h.serial {
		delete(hs.groups[h.group], h.key)
		hs.count.Add(-1)
	}
}

// undelivered marks a hold as one that retry must deliver.
func (hs *holds) undelivered(h hold) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if now := hs.groups[h.group][h.key]; now != nil && now.serial == h.serial {
		now.sending = false
	}
}

// announced marks a hold whose message was published.
func (hs *holds) announced(h hold) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if now := hs.groups[h.group][h.key]; now != nil && now.serial == h.serial {
		now.announced = true
	}
}

// has reports whether exactly this key, or this group, is held.
func (hs *holds) has(group, key string) bool {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return hs.groups[group][key] != nil
}

// cover reports whether a key must not be read or stored now.
func (hs *holds) cover(group, key string) bool {
	return hs.count.Load() > 0 && (hs.has(group, key) || hs.has(group, ""))
}

// waiting returns the holds that retry must deliver.
func (hs *holds) waiting() (list []hold) {
	if hs.count.Load() == 0 {
		return nil
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	for _, keys := range hs.groups {
		for _, h := range keys {
			if !h.sending {
				list = append(list, *h)
			}
		}
	}
	return list
}
