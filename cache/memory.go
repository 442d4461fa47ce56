package cache

import (
	"time"

	gocache "github.com/patrickmn/go-cache"
)

// Memory is one source's part of a store. Its keys are its own; the room is shared with
// the other memories.
type Memory struct {
	store   *Store
	items   *gocache.Cache
	slots   int  // how many slots of the ring it has; guarded by the store's mu
	dropped bool // guarded by the store's mu
}

// Get is the entry under key, nil if there is none or it is gone.
func (m *Memory) Get(key string) *Entry {
	v, ok := m.items.Get(key)
	if !ok {
		return nil
	}
	n := v.(*node)
	if !n.used.Load() { // without a write, the cache line stays shared between cores
		n.used.Store(true)
	}
	return n.entry.Load()
}

// Set stores e under key, in place of the previous entry, until e is gone. If e is gone
// already, Set only removes the previous entry.
func (m *Memory) Set(key string, e *Entry) {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()

	if m.dropped {
		return
	}
	ttl := time.Until(e.GoneAt())
	if ttl <= 0 { // 0 and -1 mean "default" and "never" to go-cache
		m.remove(key)
		return
	}
	n := m.node(key)
	if n == nil {
		n = &node{memory: m, key: key}
		m.store.place(n)
	}
	n.entry.Store(e)
	m.store.weigh(n, e.Size)
	m.items.Set(key, n, ttl)
}

// Delete removes key.
func (m *Memory) Delete(key string) {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	m.remove(key)
}

// Clear removes everything.
func (m *Memory) Clear() {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	for _, item := range m.items.Items() {
		m.store.weigh(item.Object.(*node), 0)
	}
	m.items.Flush()
}

// Invalidate makes the entry under key stale (RFC 9111 §4.4): it is served only if
// asking again fails.
func (m *Memory) Invalidate(now time.Time, key string) {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	m.invalidate(now, key, m.node(key))
}

// InvalidateAll is Invalidate for every key.
func (m *Memory) InvalidateAll(now time.Time) {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	for key, item := range m.items.Items() {
		m.invalidate(now, key, item.Object.(*node))
	}
}

func (m *Memory) invalidate(now time.Time, key string, n *node) {
	switch {
	case n == nil:
	case n.entry.Load().Err != nil: // "it does not exist" is never served as stale
		m.remove(key)
	default:
		n.entry.Store(n.entry.Load().Invalidated(now))
	}
}

// node returns the node of key, nil if there is none. The store's mu is held, as in
// the functions below.
func (m *Memory) node(key string) *node {
	v, ok := m.items.Get(key)
	if !ok {
		return nil
	}
	return v.(*node)
}

func (m *Memory) remove(key string) {
	if n := m.node(key); n != nil {
		m.store.weigh(n, 0)
	}
	m.items.Delete(key)
}
