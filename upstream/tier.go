package upstream

import (
	"context"
	"encoding/json"
	"time"

	"tributary/cache"
)

// The second tier is asked inside a flight, never on the way of an answer that
// memory has. Times in it are the wall clock's: replicas are taken to agree on
// it within a second or so.

// sharedEntry is an entry as replicas share it. Unknown members are ignored, and
// what cannot be read is a miss: another version wrote it.
type sharedEntry[A any] struct {
	Value         A         `json:"value"`
	StoredAt      time.Time `json:"stored_at"`
	FreshUntil    time.Time `json:"fresh_until"`
	Revalidate    time.Time `json:"revalidate_until"`
	GoneAt        time.Time `json:"gone_at"`
	ProviderUntil time.Time `json:"provider_until,omitzero"`
	ETag          string    `json:"etag,omitempty"`
	LastModified  string    `json:"last_modified,omitempty"`
}

// encode is nil for what cannot be shared: that there is none.
func encode[A any](e *cache.Entry) []byte {
	value, ok := e.Value.(A)
	if !ok {
		return nil
	}
	b, err := json.Marshal(sharedEntry[A]{
		value, e.StoredAt, e.FreshUntil, e.RevalidateUntil, e.GoneAt, e.ProviderUntil, e.ETag, e.LastModified,
	})
	if err != nil {
		return nil
	}
	return b
}

func (s *Source[Q, A]) decodeShared(b []byte) *cache.Entry {
	var shared sharedEntry[A]
	if err := json.Unmarshal(b, &shared); err != nil || shared.GoneAt.IsZero() {
		s.unreadable.Do(func() {
			s.up.log.Warn("what other replicas share cannot be read; taken for a miss", "source", s.spec.Name)
		})
		return nil
	}
	return &cache.Entry{
		Value: shared.Value, Size: len(b), Version: s.up.store.NextVersion(),
		StoredAt: shared.StoredAt,
		Spans:    cache.Spans{FreshUntil: shared.FreshUntil, RevalidateUntil: shared.Revalidate, GoneAt: shared.GoneAt},
		ETag:     shared.ETag, LastModified: shared.LastModified, ProviderUntil: shared.ProviderUntil,
	}
}

// leasePoll is how often a replica looks whether the one that asks has an
// answer.
const leasePoll = 20 * time.Millisecond

// consult asks the second tier before the upstream is asked. It returns an
// entry that makes asking unnecessary, or else the stamp to store the answer
// under and what to do when it is stored. A flight in the fleet has the lease of
// its key; the others wait for what it brings, for a while, and then ask
// themselves. Behind a caller's back nobody waits: then ask is false.
func (s *Source[Q, A]) consult(ctx context.Context, f *fetch, key string, urgent bool) (e *cache.Entry, at cache.Stamp, done func(), ask bool) {
	done = func() {}
	if s.up.redis == nil {
		return nil, at, done, true
	}
	found, at, known := s.look(ctx, f, key)
	if found != nil || !known {
		return found, at, done, true
	}
	ticker := time.NewTicker(leasePoll)
	defer ticker.Stop()
	enough := time.NewTimer(s.up.policies.Timeout / 2)
	defer enough.Stop()
	for {
		if giveBack, taken := s.up.redis.Lease(ctx, s.group, key); taken {
			// Who had it before may have stored its answer in between.
			found, at, _ = s.look(ctx, f, key)
			return found, at, giveBack, true
		}
		if !urgent {
			return nil, at, done, false
		}
		select {
		case <-ticker.C:
		case <-enough.C:
			return nil, at, done, true
		case <-s.up.work.life.Done():
			return nil, at, done, true
		}
		if found, at, known = s.look(ctx, f, key); found != nil || !known {
			return found, at, done, true
		}
	}
}

// look is what the second tier has if it is better than what the flight began
// with: fresh, or good enough to be served while it is refreshed. An older one
// is only something to fall back on.
func (s *Source[Q, A]) look(ctx context.Context, f *fetch, key string) (found *cache.Entry, at cache.Stamp, known bool) {
	b, at, known := s.up.redis.Load(ctx, s.group, key)
	if b == nil {
		return nil, at, known
	}
	e := s.decodeShared(b)
	now := time.Now()
	if e == nil || e.Gone(now) {
		return nil, at, known
	}
	old := f.old.Load()
	if old != nil && old.Err == nil && !e.StoredAt.After(old.StoredAt) {
		return nil, at, known // our own, or one that we had from there
	}
	if e.Fresh(now) || e.Revalidatable(now) && old == nil {
		return e, at, known
	}
	s.adopt(f, key, e)
	return nil, at, known
}

// adopt makes what another replica remembers ours, to fall back on.
func (s *Source[Q, A]) adopt(f *fetch, key string, e *cache.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.discarded {
		s.memory.Set(key, e)
		f.old.Store(e)
	}
}
