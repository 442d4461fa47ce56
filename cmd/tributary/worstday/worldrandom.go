package worstday

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
)

// draw returns a generator of one part of the world, so that what one part draws does not
// change what the others do. It may be used concurrently.
func (w *World) draw(part string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(part)) // a hash never fails
	return rand.New(&lockedSource{source: rand.NewPCG(w.setup.Seed, h.Sum64())})
}

type lockedSource struct {
	mu     sync.Mutex
	source rand.Source
}

func (s *lockedSource) Uint64() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Uint64()
}
