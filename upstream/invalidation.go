package upstream

import (
	"context"
	"time"
)

// Remove removes what is stored for q, in every replica, and discards the
// result of a running fetch, which may have read the old value.
func (s *Source[Q, A]) Remove(q Q) { s.invalidateEverywhere(s.spec.Key(q), false) }

// RemoveAll is Remove for every question.
func (s *Source[Q, A]) RemoveAll() { s.invalidateEverywhere("", false) }

// Invalidate makes the source ask the upstream before it answers q again, in
// every replica. What is stored is kept for when asking fails (RFC 9111 §4.4).
func (s *Source[Q, A]) Invalidate(q Q) { s.invalidateEverywhere(s.spec.Key(q), true) }

// InvalidateAll is Invalidate for every question.
func (s *Source[Q, A]) InvalidateAll() { s.invalidateEverywhere("", true) }

func (s *Source[Q, A]) invalidateEverywhere(key string, keep bool) {
	s.invalidate(key, keep)
	s.redis.Invalidate(context.Background(), s.group, key, keep)
}

// invalidate invalidates a key in this process, and with "" all of them.
func (s *Source[Q, A]) invalidate(key string, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case key != "" && keep:
		s.memory.Invalidate(time.Now(), key)
	case key != "":
		s.memory.Delete(key)
	case keep:
		s.memory.InvalidateAll(time.Now())
	default:
		s.memory.Clear()
	}
	if key != "" {
		s.discard(key)
		return
	}
	for key := range s.fetches {
		s.discard(key)
	}
}

// discard lets a running fetch answer those that wait for it, but not store its
// result. s.mu is held.
func (s *Source[Q, A]) discard(key string) {
	if f := s.fetches[key]; f != nil {
		f.discarded = true
		delete(s.fetches, key)
	}
}
