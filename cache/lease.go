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

// leaseFor is how long a lease lasts unless it is renewed. It is the time that the
// others wait for a process that has died.
const leaseFor = 500 * time.Millisecond

// Lease acquires the exclusive right, among all replicas, to fetch a key until
// giveBack is called. taken is false if another replica has it, and true if Redis
// cannot be asked. If this process has a lease that it could not give back, because
// Redis was away, it acquires it again.
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

// holding renews a lease until giveBack is called, which ends the lease.
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
