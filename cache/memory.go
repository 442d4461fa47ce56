package cache

import (
	"sync"
	"sync/atomic"
	"time"

	gocache "github.com/patrickmn/go-cache"
)

// Store bounds the number of entries in all its memories together. go-cache has no
// bound, and its janitor blocks all readers while it scans. So the store evicts by the
// CLOCK algorithm (second chance): it has a ring of all nodes, and a hand that moves
// over the ring when room is needed. An expired entry is not returned any more, but
// counts as an entry until the hand removes it.
//
// A Store is safe for concurrent use.
type Store struct {
	max       int
	evictions atomic.Int64
	versions  atomic.Uint64

	mu       sync.Mutex // guards what follows, and every write to a memory
	ring     []*node
	hand     int
	memories map[*Memory]struct{}
	bytes    int // of the nodes' entries
}

// node is a key's place in the store: it stays while the entry in it changes.
type node struct {
	memory *Memory
	key    string
	entry  atomic.Pointer[Entry]
	used   atomic.Bool // read since the hand last passed
	size   int         // counted in the store's bytes, whose mutex guards it
}

// maxSteps bounds the steps of the hand for one eviction. If all entries were read
// since it last passed, a whole turn of a large ring would take a millisecond.
const maxSteps = 64

// NewStore makes a store for at most maxEntries entries, at least one.
func NewStore(maxEntries int) *Store {
	return &Store{max: max(1, maxEntries), memories: make(map[*Memory]struct{})}
}

// Memory is one source's part of a store: it has its own keys, and shares the room
// with the others.
type Memory struct {
	store   *Store
	items   *gocache.Cache
	slots   int  // of the ring that it has; guarded by the store's mu
	dropped bool // guarded by the store's mu
}

// NewMemory adds a memory to the store.
func (s *Store) NewMemory() *Memory {
	// No default expiry and no janitor: see Store.
	m := &Memory{store: s, items: gocache.New(gocache.NoExpiration, 0)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memories[m] = struct{}{}
	return m
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

// Set stores e under key, until it is gone, and replaces the previous entry. If e is
// gone already, it only removes the previous entry.
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

// weigh sets the size of n, and updates the store's sum.
func (s *Store) weigh(n *node, size int) {
	s.bytes += size - n.size
	n.size = size
}

// place puts n into the ring, and evicts the node that had its slot. s.mu is held.
func (s *Store) place(n *node) {
	n.memory.slots++
	if len(s.ring) < s.max {
		s.ring = append(s.ring, n)
		return
	}
	for step := 0; ; step++ {
		slot := &s.ring[s.hand]
		s.hand = (s.hand + 1) % len(s.ring)
		if step < maxSteps && (*slot).live() && (*slot).used.Swap(false) {
			continue
		}
		s.evict(*slot)
		(*slot).memory.slots--
		*slot = n
		return
	}
}

// live reports whether the node is its key's current one. A key that was set again
// after it was deleted or had expired has a newer node.
func (n *node) live() bool { return n.memory.node(n.key) == n }

// evict removes n from its memory unless its key has a newer node.
func (s *Store) evict(n *node) {
	s.weigh(n, 0)
	switch n.memory.node(n.key) {
	case n:
		s.evictions.Add(1)
		fallthrough
	case nil: // the entry was deleted or has expired
		n.memory.items.Delete(n.key)
	}
}

// Entries is the number of entries held, including expired ones that the hand has not
// removed.
func (s *Store) Entries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for m := range s.memories {
		n += m.items.ItemCount()
	}
	return n
}

// Bytes is the sum of the sizes of all entries, including expired ones that the hand
// has not removed. The memory that an entry needs is a small multiple of its size.
func (s *Store) Bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// Evictions is the number of entries removed because the store was full.
func (s *Store) Evictions() int64 { return s.evictions.Load() }

// NextVersion returns a version that no entry of this store has.
func (s *Store) NextVersion() uint64 { return s.versions.Add(1) }
