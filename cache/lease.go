package cache

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// release ends a lease if it is still its holder's.
var release = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)

// extend renews a lease if it is still its holder's.
var extend = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`)

// leaseFor is how long the others wait for a holder who has died; a living one
// renews its lease.
const leaseFor = 500 * time.Millisecond

// Lease takes the right to fetch a key alone in the fleet, until giveBack is
// called. It is not taken when another replica has it. When Redis cannot be
// asked it is taken, as nobody can know better. A lease of this process that was
// never given back, because Redis could not be asked then, is taken over.
func (r *Redis) Lease(ctx context.Context, group, key string) (giveBack func(), taken bool) {
	if r == nil {
		return func() {}, true
	}
	own := r.process + " "
	name, token, held := leaseKey(group, key), own+rand.Text(), ""
	err := r.do(ctx, "SET", func(ctx context.Context) (err error) {
		held, err = r.client.SetArgs(ctx, name, token, redis.SetArgs{Mode: "NX", Get: true, TTL: leaseFor}).Result()
		return err
	})
	switch {
	case err != nil:
		return func() {}, true
	case strings.HasPrefix(held, own):
		token = held
	case held != "":
		return nil, false
	}
	return r.holding(ctx, name, token), true
}

// holding renews a lease until what it returns is called, which ends it.
func (r *Redis) holding(ctx context.Context, name, token string) (giveBack func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(leaseFor / 3)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				_ = r.do(ctx, "EVALSHA", func(ctx context.Context) error {
					return extend.Run(ctx, r.client, []string{name}, token, leaseFor.Milliseconds()).Err()
				})
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(done)
		_ = r.do(ctx, "EVALSHA", func(ctx context.Context) error {
			return release.Run(ctx, r.client, []string{name}, token).Err()
		})
	})
}
