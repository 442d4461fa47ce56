package cache

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Loaded is what LoadMany has found under one key. Value is nil if there is nothing.
type Loaded struct {
	Value []byte
	At    Stamp
}

// LoadMany is Load for many keys of a group, with one command. If Redis cannot be asked,
// nothing is found, and the stamps are zero, so that nothing is stored with them.
func (r *Redis) LoadMany(ctx context.Context, group string, keys []string) []Loaded {
	found := make([]Loaded, len(keys))
	if r == nil || len(keys) == 0 {
		return found
	}
	names := make([]string, 1, 1+2*len(keys))
	names[0] = stampKey(group, "")
	for _, key := range keys {
		names = append(names, entryKey(group, key), stampKey(group, key))
	}
	held := make([]bool, len(keys)) // before asking: a hold may end while Redis answers
	for n, key := range keys {
		held[n] = r.invalidations.holds.cover(group, key)
	}
	_ = r.do(ctx, "MGET", func(ctx context.Context) error {
		values, err := r.client.MGet(ctx, names...).Result()
		if err != nil {
			return err
		}
		for n := range found {
			if !held[n] {
				found[n].Value, found[n].At = unpack(values[1+2*n], values[0], values[2+2*n])
			}
		}
		return nil
	})
	return found
}

// unpack is a stored entry, unless its group was invalidated since, and the stamp
// that it was read with.
func unpack(entry, groupStamp, keyStamp any) (b []byte, at Stamp) {
	stored, _ := entry.(string)
	at.group, _ = groupStamp.(string)
	at.key, _ = keyStamp.(string)
	at.read = true
	if n := len(at.group); len(stored) > n && stored[:n] == at.group && stored[n] == '\n' {
		b = []byte(stored[n+1:])
	}
	return b, at
}

// Storing is what is to be stored under one key of many.
type Storing struct {
	Key   string
	At    Stamp
	Value []byte
	For   time.Duration
}

// StoreMany is Store for many keys of a group, in one round trip.
func (r *Redis) StoreMany(ctx context.Context, group string, entries []Storing) {
	if r == nil || len(entries) == 0 {
		return
	}
	_ = r.do(ctx, "EVAL", func(ctx context.Context) error {
		_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, e := range entries {
				if e.At.read && e.For >= time.Millisecond && !r.invalidations.holds.cover(group, e.Key) {
					// EVAL and not EVALSHA, whose failure would come too late to repeat it.
					store.Eval(ctx, p, []string{entryKey(group, e.Key), stampKey(group, ""), stampKey(group, e.Key)},
						e.At.group, e.At.key, e.Value, e.For.Milliseconds())
				}
			}
			return nil
		})
		return err
	})
}
