package cache

// Drop ends a memory: its entries and their room in the store are free, and it
// stores nothing from then on. Who still reads it finds nothing.
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
	clear(s.ring[len(kept):]) // what is behind the ring's end must not hold the memory
	s.ring, s.hand, m.slots = kept, hand, 0
	if s.hand >= len(s.ring) {
		s.hand = 0
	}
}
