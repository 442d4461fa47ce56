package cache

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// claim takes a key that nobody has, or tells what is there.
var claim = redis.NewScript(`
local there = redis.call('GET', KEYS[1])
if there then return there end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ''`)

// Claim puts b under a key that has nothing, for d; taken says that it did, and
// there is what another has put. known is false when Redis could not be asked.
func (r *Redis) Claim(ctx context.Context, key string, b []byte, d time.Duration) (there []byte, taken, known bool) {
	if r == nil {
		return nil, false, false
	}
	var found string
	err := r.do(ctx, "EVALSHA", func(ctx context.Context) (err error) {
		found, err = claim.Run(ctx, r.client, []string{redisPrefix + "claim:" + key}, b, d.Milliseconds()).Text()
		return err
	})
	return []byte(found), err == nil && found == "", err == nil
}

// Settle puts b in the place of what was claimed, for d; nil gives the key up.
func (r *Redis) Settle(ctx context.Context, key string, b []byte, d time.Duration) {
	if r == nil {
		return
	}
	_ = r.do(ctx, "SET", func(ctx context.Context) error {
		if b == nil {
			return r.client.Del(ctx, redisPrefix+"claim:"+key).Err()
		}
		return r.client.Set(ctx, redisPrefix+"claim:"+key, b, d).Err()
	})
}
