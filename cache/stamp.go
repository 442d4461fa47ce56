package cache

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Stamp changes with each invalidation of a key or its group. It is read before an
// upstream is asked, and the answer is stored only if the stamp is still the same. With
// a zero Stamp, which was not read, nothing is stored.
type Stamp struct {
	group, key string
	read       bool
}

func entryKey(group, key string) string { return redisKey("entry", group, key) }
func stampKey(group, key string) string { return redisKey("stamp", group, key) }
func leaseKey(group, key string) string { return redisKey("lease", group, key) }

// redisKey names what is stored for a key of a group. The group is escaped: a colon
// in it would end it, and two groups could share a name.
func redisKey(kind, group, key string) string {
	if strings.ContainsAny(group, ":%") {
		group = escapeGroup.Replace(group)
	}
	return redisPrefix + kind + ":" + group + ":" + key
}

var escapeGroup = strings.NewReplacer("%", "%25", ":", "%3A")

// Load returns the entry of a key in a group, nil if there is none, and the stamp.
// known is false if Redis could not be asked, or must not be, because it has not stored
// an invalidation yet.
func (r *Redis) Load(ctx context.Context, group, key string) (b []byte, at Stamp, known bool) {
	if r == nil || r.invalidations.holds.cover(group, key) {
		return nil, at, false
	}
	err := r.do(ctx, "MGET", func(ctx context.Context) error {
		values, err := r.client.MGet(ctx, entryKey(group, key), stampKey(group, ""), stampKey(group, key)).Result()
		if err != nil {
			return err
		}
		b, at = unpack(values[0], values[1], values[2])
		return nil
	})
	return b, at, err == nil
}

// store sets an entry if its stamp is still the same.
var store = redis.NewScript(`
if (redis.call('GET', KEYS[2]) or '') == ARGV[1] and (redis.call('GET', KEYS[3]) or '') == ARGV[2] then
	redis.call('SET', KEYS[1], ARGV[1] .. '\n' .. ARGV[3], 'PX', ARGV[4])
end
return 0`)

// Store stores b under a key of a group for d, unless the key or the group was
// invalidated after the stamp was read.
func (r *Redis) Store(ctx context.Context, group, key string, at Stamp, b []byte, d time.Duration) {
	if r == nil || !at.read || d < time.Millisecond || r.invalidations.holds.cover(group, key) {
		return
	}
	_ = r.do(ctx, "EVALSHA", func(ctx context.Context) error {
		return store.Run(ctx, r.client, []string{entryKey(group, key), stampKey(group, ""), stampKey(group, key)},
			at.group, at.key, b, d.Milliseconds()).Err()
	})
}
