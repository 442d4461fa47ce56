package cache

// Drop removes a memory and its entries from the store. From then on the memory is empty
// and stores nothing.
func (s *Store) Drop(m *Memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.dropped = true
	delete(s.memories, m)
	m.items.Flush()
	if m.slots == 0 {
		return
	}
	kept := s.ring[:0]
	hand := 0
	for i, n := range s.ring {
		if n.memory == m {
			s.weigh(n, 0)
			continue
		}
		if i < s.hand {
			hand++
		}
		kept = append(kept, n)
	}
	clear(s.ring[len(kept):]) // so that pointers behind the end keep nothing from being freed
	s.ring, s.hand, m.slots = kept, hand, 0
	if s.hand >= len(s.ring) {
		s.hand = 0
	}
}
