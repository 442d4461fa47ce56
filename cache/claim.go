package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Claim is the exclusive right of this process, among all replicas, to work on a key.
// It has a record that the others can read, and a lease that is renewed until Finish.
// When the lease lapses, the process has died or cannot reach Redis. A Claim does
// nothing before Take or TakeOver.
type Claim struct {
	// Token must be in every record of the claim: it shows which claim wrote a record.
	Token string

	redis *Redis
	key   string
	lease time.Duration

	mu       commandLock
	record   []byte // the last one stored
	keepFor  time.Duration
	renewAt  time.Time
	finished bool      // record is the last one, and is not stored yet
	until    time.Time // when the last record expires
	over     bool      // nothing is left to store or renew
}

// commandLock is held during a command of a claim, so that its commands keep their order.
// It is not a sync.Mutex: in a synctest bubble the clock stops while a goroutine waits for
// one, and then Redis never answers the command.
type commandLock chan struct{}

func (l commandLock) Lock() { l <- struct{}{} }

func (l commandLock) Unlock() { <-l }

// Claimed is the state of a key in Redis. The key is free if there is no record and
// Left is 0.
type Claimed struct {
	Record []byte        // nil: none
	Left   time.Duration // until the holder's lease lapses; 0: it has lapsed, or the holder is this process
}

// ErrClaimLost is the error of a claim whose lease lapsed and whose key another process
// has claimed.
var ErrClaimLost = errors.New("another process has the claim")

func claimKeys(key string) []string {
	return []string{redisPrefix + "claim:" + key, redisPrefix + "claim-lease:" + key}
}

// readClaim returns the state of a key. If the key is free and a record is given, it
// claims the key.
var readClaim = redis.NewScript(`
local record, holder = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
local lapsed = not holder or string.sub(holder, 1, #ARGV[3]) == ARGV[3]
if not record and lapsed and ARGV[1] ~= '' then
	redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
	redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4])
	return {false, 0, 1}
end
if lapsed then return {record, 0, 0} end
return {record, math.max(1, redis.call('PTTL', KEYS[2])), 0}`)

// writeClaim sets the record of a key and renews the lease, or ends it if the new
// length is 0. It does so only if the claimant has the lease, or if no one has it and
// the record is gone or contains what the claimant expects.
var writeClaim = redis.NewScript(`
local record, holder = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
local lapsed = not holder or string.sub(holder, 1, #ARGV[6]) == ARGV[6]
if holder ~= ARGV[1] and not (lapsed and (not record or string.find(record, ARGV[2], 1, true))) then
	return 0
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
if ARGV[5] == '0' then
	redis.call('DEL', KEYS[2])
else
	redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[5])
end
return 1`)

// NewClaim returns a claim that Take or TakeOver can acquire. r must not be nil.
func (r *Redis) NewClaim(key string, lease time.Duration) *Claim {
	return &Claim{mu: make(commandLock, 1), redis: r, key: key, Token: r.process + " " + rand.Text(), lease: lease}
}

// Take claims the key if it is free; otherwise it returns the state of the key.
func (c *Claim) Take(ctx context.Context, record []byte) (there Claimed, taken bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	there, taken, err = c.read(ctx, record)
	if taken {
		c.begin(record, c.lease)
	}
	return there, taken, err
}

// Read returns the state of the key.
func (c *Claim) Read(ctx context.Context) (Claimed, error) {
	there, _, err := c.read(ctx, nil)
	return there, err
}

func (c *Claim) read(ctx context.Context, record []byte) (there Claimed, taken bool, err error) {
	err = c.redis.must(ctx, "EVALSHA", func(ctx context.Context) error {
		reply, err := readClaim.Run(ctx, c.redis.client, claimKeys(c.key), record, c.Token, c.redis.process, c.lease.Milliseconds()).Slice()
		if err != nil {
			return err
		}
		left, _ := reply[1].(int64)
		there = Claimed{Left: time.Duration(left) * time.Millisecond}
		if text, ok := reply[0].(string); ok {
			there.Record = []byte(text)
		}
		taken = reply[2] == int64(1)
		return nil
	})
	return there, taken, err
}

// TakeOver claims a key whose holder's lease has lapsed, if its record still equals
// was. The new record expires after keepFor.
func (c *Claim) TakeOver(ctx context.Context, was, record []byte, keepFor time.Duration) (taken bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err = c.write(ctx, string(was), record, keepFor, c.lease)
	switch {
	case errors.Is(err, ErrClaimLost):
		return false, nil
	case err != nil:
		return false, err
	}
	c.begin(record, keepFor)
	return true, nil
}

func (c *Claim) begin(record []byte, keepFor time.Duration) {
	c.record, c.keepFor, c.renewAt = record, keepFor, time.Now().Add(c.lease/3)
	c.redis.claims.add(c)
}

// Put replaces the record of a claim. The new one expires after keepFor.
func (c *Claim) Put(ctx context.Context, record []byte, keepFor time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.write(ctx, c.Token, record, keepFor, c.lease); err != nil {
		return err
	}
	c.record, c.keepFor, c.renewAt = record, keepFor, time.Now().Add(c.lease/3)
	return nil
}

// Finish stores the last record of a claim, which expires after keepFor, and ends the
// lease. If Redis fails, it is retried until the record is stored or has expired, or
// another process has the claim.
func (c *Claim) Finish(ctx context.Context, record []byte, keepFor time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.write(ctx, c.Token, record, keepFor, 0)
	if err == nil || errors.Is(err, ErrClaimLost) || !c.redis.claims.wait() {
		c.redis.claims.remove(c)
		return
	}
	c.record, c.finished, c.until = record, true, time.Now().Add(keepFor)
}

// renew renews the lease, or stores what Finish could not.
func (c *Claim) renew(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	keepFor, lease := c.keepFor, c.lease
	switch {
	case c.over: // it ended after the caller had listed it
		return nil
	case c.finished:
		keepFor, lease = c.until.Sub(now), 0
		if keepFor < time.Millisecond {
			c.redis.claims.remove(c)
			return nil
		}
	case now.Before(c.renewAt):
		return nil
	}
	err := c.write(ctx, c.Token, c.record, keepFor, lease)
	if c.finished && err == nil || errors.Is(err, ErrClaimLost) {
		c.redis.claims.remove(c)
	}
	if err == nil {
		c.renewAt = now.Add(c.lease / 3)
	}
	return err
}

// write runs writeClaim.
func (c *Claim) write(ctx context.Context, expected string, record []byte, keepFor, lease time.Duration) error {
	written := false
	err := c.redis.must(ctx, "EVALSHA", func(ctx context.Context) (err error) {
		written, err = writeClaim.Run(ctx, c.redis.client, claimKeys(c.key),
			c.Token, expected, record, keepFor.Milliseconds(), lease.Milliseconds(), c.redis.process).Bool()
		return err
	})
	if err == nil && !written {
		return ErrClaimLost
	}
	return err
}
