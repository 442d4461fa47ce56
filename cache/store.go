package cache

import (
	"sync"
	"sync/atomic"

	gocache "github.com/patrickmn/go-cache"
)

// Store bounds the number of entries in all its memories together. go-cache has no
// bound, and its janitor blocks all readers while it scans. So the store evicts by the
// CLOCK algorithm (second chance): all nodes are in a ring, and when room is needed, a
// hand moves over the ring to a node that was not read since it last passed. Expired
// entries are not returned, but count until the hand removes them.
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

// node is the place of a key in the store. It stays when the entry in it is replaced.
type node struct {
	memory *Memory
	key    string
	entry  atomic.Pointer[Entry]
	used   atomic.Bool // read since the hand last passed
	size   int         // its part of the store's bytes; guarded by the store's mu
}

// NewStore makes a store for at most maxEntries entries, at least one.
func NewStore(maxEntries int) *Store {
	return &Store{max: max(1, maxEntries), memories: make(map[*Memory]struct{})}
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

// weigh sets the size of n, and updates the store's sum.
func (s *Store) weigh(n *node, size int) {
	s.bytes += size - n.size
	n.size = size
}

// maxSteps bounds the steps of the hand for one eviction. If all entries were read
// since it last passed, a whole turn of a large ring would take a millisecond.
const maxSteps = 64

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
