package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	"tributary/cache"
)

// fleet shares Idempotency-Keys with the other replicas through Redis. The record of a
// key is first "claimed", then "sent" before its request is sent to the directory, and
// at last the answer. The holder of a claim renews its lease until then.
type fleet struct {
	redis      *cache.Redis // nil: this process is alone
	lease      time.Duration
	late       time.Duration // a request that has waited is sent only if this much time is left
	repeatable bool          // the directory honours the key: sending it twice does no harm
	log        *slog.Logger
	unreadable sync.Once
}

func newFleet(cfg Config) *fleet {
	return &fleet{
		redis:      cfg.Redis,
		lease:      cfg.RequestTimeout + 5*time.Second,
		late:       min(cfg.RequestTimeout/5, time.Second),
		repeatable: cfg.Users != nil && cfg.Users.DirectoryIdempotency,
		log:        cfg.Logger,
	}
}

// sighting is what this process last read of another replica's claim. If Redis fails
// after that, the key does not count as free.
type sighting struct {
	claimed bool
	sent    bool
	until   time.Time // when its lease lapses, unless it is renewed
}

func (s sighting) lapsed(now time.Time) bool { return !now.Before(s.until) }

// expires is when a sighting is no longer needed; zero: there was none.
func (s sighting) expires() time.Time {
	switch {
	case s.sent:
		return time.Now().Add(keepAnswersFor)
	case s.claimed:
		return s.until
	}
	return time.Time{}
}

// fleetPoll is how often Redis is asked for the answer of another replica.
const fleetPoll = 20 * time.Millisecond

// begin claims the key of rec for this process. If another replica has the key, begin
// waits for its answer and returns that as found.
func (f *fleet) begin(ctx context.Context, rec *record) (c *claim, found *sharedRecord, err error) {
	c = &claim{fleet: f, request: rec.request}
	if f.redis == nil {
		return c, nil, nil
	}
	c.shared = f.redis.NewClaim(hashed(rec.key), f.lease)
	ticker := time.NewTicker(fleetPoll)
	defer ticker.Stop()
	for waited := false; ; waited = true {
		deadline, ok := ctx.Deadline()
		late := waited && ok && time.Until(deadline) < f.late
		found, done, err := f.try(ctx, c, rec, late)
		if done || err != nil {
			return c, found, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, nil, running()
		}
	}
}

// try tries once to claim a key. done is false while another replica has it.
func (f *fleet) try(ctx context.Context, c *claim, rec *record, late bool) (found *sharedRecord, done bool, err error) {
	seen := &rec.seen
	var (
		there cache.Claimed
		taken bool
	)
	if seen.claimed || late {
		there, err = c.shared.Read(ctx)
	} else {
		there, taken, err = c.shared.Take(ctx, c.record(stateClaimed))
	}
	now := time.Now()
	switch {
	case taken:
		return nil, true, nil
	case err != nil && (!seen.claimed || f.repeatable && seen.lapsed(now)):
		return f.alone(c)
	case err != nil:
		return nil, false, nil
	case there.Record == nil:
		return f.gone(ctx, c, seen, there, late)
	}
	is := decodeShared(there.Record)
	switch {
	case is == nil:
		f.unreadable.Do(func() {
			f.log.WarnContext(ctx, "the record of an Idempotency-Key in Redis cannot be read; requests with such a key are not sent, unless the directory honours it; this is said once")
		})
		return f.alone(c)
	case is.State == stateFree:
		return f.takeOver(ctx, c, there.Record, stateClaimed, late)
	case !bytes.Equal(is.Request, rec.request[:]):
		return nil, true, refusedKey(errOtherRequest)
	case is.Answer != nil:
		return is, true, nil
	case there.Left > 0:
		*seen = sighting{claimed: true, sent: is.State == stateSent, until: now.Add(there.Left)}
		return nil, false, nil
	}
	return f.takeOver(ctx, c, there.Record, is.State, late)
}

// alone continues without the other replicas when Redis fails or its record is
// unreadable. It refuses the request unless the directory honours the key.
func (f *fleet) alone(c *claim) (*sharedRecord, bool, error) {
	if !f.repeatable {
		return nil, true, unclaimed()
	}
	c.shared = nil
	return nil, true, nil
}

// gone handles a key without a record in Redis. If the lease last seen has not lapsed
// yet, Redis has lost the record and the holder may still be working: wait.
func (f *fleet) gone(ctx context.Context, c *claim, seen *sighting, there cache.Claimed, late bool) (*sharedRecord, bool, error) {
	switch {
	case there.Left > 0:
		*seen = sighting{claimed: true, sent: seen.sent, until: time.Now().Add(there.Left)}
		return nil, false, nil
	case seen.claimed && !seen.lapsed(time.Now()):
		return nil, false, nil
	case seen.sent:
		return f.takeOver(ctx, c, nil, stateSent, late)
	case late:
		return nil, true, tooLate()
	}
	*seen = sighting{} // the key is free: the next try takes it
	return nil, false, nil
}

// takeOver claims a key whose last holder is gone and left it in state left.
func (f *fleet) takeOver(ctx context.Context, c *claim, was []byte, left state, late bool) (*sharedRecord, bool, error) {
	keepFor := f.lease
	switch {
	case left == stateSent && !f.repeatable:
		return nil, true, outcomeLost(false)
	case left == stateSent && late:
		return nil, true, outcomeLost(true)
	case late:
		return nil, true, tooLate()
	case left == stateSent:
		keepFor = keepAnswersFor
	default:
		left = stateClaimed
	}
	taken, err := c.shared.TakeOver(ctx, was, c.record(left), keepFor)
	if err != nil {
		return f.alone(c)
	}
	c.inherited = taken && left == stateSent
	return nil, taken, nil
}

// hashed hides callers' keys: whoever can read Redis must not be able to reuse them.
func hashed(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
