package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"time"

	"tributary/cache"
)

// The shared cache is asked inside a fetch, never on the way of an answer that
// memory has. Times in it are the wall clock's: replicas are expected to agree on
// it within maxSkew.
const maxSkew = 5 * time.Second

// sharedEntry is an entry as replicas share it.
type sharedEntry[A any] struct {
	Value         A         `json:"value"`
	StoredAt      time.Time `json:"stored_at"`
	FreshUntil    time.Time `json:"fresh_until"`
	Revalidate    time.Time `json:"revalidate_until"`
	GoneAt        time.Time `json:"gone_at"`
	ProviderUntil time.Time `json:"provider_until,omitzero"`
	ETag          string    `json:"etag,omitempty"`
	LastModified  string    `json:"last_modified,omitempty"`

	Lifetime       cache.ProviderLifetime `json:"lifetime,omitzero"`
	MustRevalidate bool                   `json:"must_revalidate,omitempty"`
}

// encode returns nil for an entry that says that a thing does not exist: such entries
// are not shared.
func encode[A any](e *cache.Entry) []byte {
	value, ok := e.Value.(A)
	if !ok {
		return nil
	}
	windows, terms := e.Windows(), e.Terms()
	b, err := json.Marshal(sharedEntry[A]{
		value, e.StoredAt, windows.FreshUntil, windows.RevalidateUntil, windows.GoneAt, terms.Until, terms.ETag, terms.LastModified,
		terms.Lifetime, terms.MustRevalidate,
	})
	if err != nil {
		return nil
	}
	return b
}

// decodeShared reads an entry of the shared cache. One that was written
// by another version or by another program is a miss.
func (s *Source[Q, A]) decodeShared(b []byte, now time.Time) *cache.Entry {
	e := decodeEntry[A](b, now)
	if e == nil {
		s.unreadable.Do(func() {
			s.up.log.Warn("an entry of the shared cache cannot be read and is taken for a miss; this is said once", "source", s.spec.Name)
		})
		return nil
	}
	e.Size, e.Version = len(b), s.up.store.NextVersion()
	// Another replica's STALE_FOR may be longer than ours.
	e.EndBy(e.StoredAt.Add(s.up.lifetimes.StaleFor))
	return e
}

// decodeEntry returns nil unless the entry is valid and encode writes exactly these
// bytes for it: a member that is missing, unknown or of another type would otherwise
// become a value that no upstream gave.
func decodeEntry[A any](b []byte, now time.Time) *cache.Entry {
	var shared sharedEntry[A]
	if json.Unmarshal(b, &shared) != nil || empty(shared.Value) {
		return nil
	}
	windows := cache.Windows{FreshUntil: shared.FreshUntil, RevalidateUntil: shared.Revalidate, GoneAt: shared.GoneAt}
	e := cache.NewEntry(shared.Value, shared.StoredAt, windows)
	e.SetTerms(cache.Terms{
		Lifetime: shared.Lifetime, Until: shared.ProviderUntil, MustRevalidate: shared.MustRevalidate,
		ETag: shared.ETag, LastModified: shared.LastModified,
	})
	ordered := !e.StoredAt.After(now.Add(maxSkew)) && !windows.FreshUntil.After(windows.RevalidateUntil) && !windows.RevalidateUntil.After(windows.GoneAt)
	if !ordered || e.StoredAt.IsZero() || !bytes.Equal(b, encode[A](e)) {
		return nil
	}
	return e
}

// empty reports whether a value says nothing: null, or a list without items.
func empty(value any) bool {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return false
}

// leasePoll is how often a replica looks whether the one that has the lease has
// stored its answer.
const leasePoll = 20 * time.Millisecond

// consult asks the shared cache before the upstream is asked. It returns an entry
// that makes asking unnecessary, or else the stamp to store the answer under and
// what to call when it is stored. One fetch in the fleet has the lease of its
// key; the others wait for its answer, for a while, and then ask themselves. A
// background refresh does not wait: ask is false when another replica asks.
func (s *Source[Q, A]) consult(ctx context.Context, f *fetch, q Q, key string, urgent bool) (e *cache.Entry, at cache.Stamp, done func(), ask bool) {
	done = func() {}
	if s.redis == nil {
		return nil, at, done, true
	}
	found, at, known := s.look(ctx, f, q, key)
	if found != nil || !known {
		return found, at, done, true
	}
	ticker := time.NewTicker(leasePoll)
	defer ticker.Stop()
	enough := time.NewTimer(s.up.policies.Timeout / 2)
	defer enough.Stop()
	for {
		if giveBack, taken := s.redis.Lease(ctx, s.group, key); taken {
			// The last holder may have stored its answer in between.
			found, at, _ = s.look(ctx, f, q, key)
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
		if found, at, known = s.look(ctx, f, q, key); found != nil || !known {
			return found, at, done, true
		}
	}
}

// look is what the shared cache has if it is better than what the fetch began
// with: fresh, or good enough to be served while it is refreshed. An older one
// is kept for when asking fails.
func (s *Source[Q, A]) look(ctx context.Context, f *fetch, q Q, key string) (found *cache.Entry, at cache.Stamp, known bool) {
	b, at, known := s.redis.Load(ctx, s.group, key)
	return s.better(f, q, key, b), at, known
}

// better is the entry of another replica, nil for nothing, unless it is no better
// than what the fetch began with.
func (s *Source[Q, A]) better(f *fetch, q Q, key string, b []byte) *cache.Entry {
	if b == nil {
		return nil
	}
	now := time.Now()
	e := s.decodeShared(b, now)
	if e == nil || e.Gone(now) || s.spec.Check != nil && s.spec.Check(q, e.Value.(A)) != nil {
		return nil
	}
	old := f.old.Load()
	if old != nil && old.Err == nil && !e.StoredAt.After(old.StoredAt) {
		return nil // no newer than ours
	}
	if e.Fresh(now) || e.Revalidatable(now) && old == nil {
		return e
	}
	s.adopt(f, key, e)
	return nil
}

// adopt keeps an old entry of another replica for when asking fails.
func (s *Source[Q, A]) adopt(f *fetch, key string, e *cache.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.discarded {
		s.memory.Set(key, e)
		f.old.Store(e)
	}
}
