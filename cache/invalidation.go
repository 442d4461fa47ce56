package cache

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Invalidation messages are sent by publish/subscribe, and each replica acknowledges
// them, so that the writer can wait until all have acted. RESP3's client tracking would
// send messages too, but without acknowledgements.

// The channels have the names that earlier versions listen to.
const (
	invalidationChannel    = redisPrefix + "forget"
	acknowledgementChannel = redisPrefix + "heard:" // and the id of the process that asked
)

// keyStampLife is how long a key's stamp is kept. It must be longer than any fetch, which
// reads the stamp before it asks and compares it when it stores. A group's stamp stays
// for ever, because each read of an entry compares it.
const keyStampLife = 10 * time.Minute

// invalidations sends and receives invalidation messages, counts
// acknowledgements, and holds what Redis has not stored yet.
type invalidations struct {
	redis *Redis
	end   context.CancelFunc
	ended chan struct{}
	holds holds

	listening atomic.Bool // messages arrive

	mu        sync.Mutex
	listeners map[string][]*listener       // by group
	awaited   map[string]*acknowledgements // by the id of the message
}

// message is one invalidation message.
type message struct {
	ID, From   string
	Group, Key string
	Keep       bool `json:",omitempty"`
	Held       bool `json:",omitempty"` // its stamp is not stored: receivers hold the key too
	Again      bool `json:",omitempty"` // it was sent before: receivers that hold the key have acted
}

func listen(r *Redis) *invalidations {
	ctx, end := context.WithCancel(context.Background())
	n := &invalidations{
		redis: r, end: end, ended: make(chan struct{}),
		listeners: make(map[string][]*listener), awaited: make(map[string]*acknowledgements),
	}
	go n.receive(ctx)
	return n
}

func (n *invalidations) close() {
	n.end()
	<-n.ended
}

// Invalidate removes a key of a group, or with "" the whole group, from Redis and
// from the memory of every replica that listens, and waits a moment for their
// acknowledgements. With keep, a replica keeps its entry as stale, for when asking the
// upstream fails.
//
// While Redis refuses the removal or is away, the key or the group is held: this
// replica, and those that a message reaches, do not read it from Redis.
func (r *Redis) Invalidate(ctx context.Context, group, key string, keep bool) {
	if r != nil {
		r.invalidations.send(ctx, group, key, keep)
	}
}

func (n *invalidations) send(ctx context.Context, group, key string, keep bool) {
	h := n.holds.add(hold{group: group, key: key, keep: keep, own: true, sending: true})
	n.apply(group, key, keep) // also discards running fetches, which may have read the old value before the hold
	acks := n.await()
	defer n.forget(acks)

	subscribers, err := n.store(ctx, h, acks.id)
	if err == nil {
		n.holds.release(h)
		n.wait(acks, subscribers)
		return
	}
	if answered(err) { // Redis refuses writes, but passes messages on
		if subscribers, err = n.announce(ctx, h, acks.id); err == nil {
			n.wait(acks, subscribers)
		}
	}
	n.holds.undelivered(h)
}

// store removes the hold's key or group from Redis, and gives it a new stamp. If the
// hold began here, the same transaction publishes a message; subscribers is how many get
// it.
func (n *invalidations) store(ctx context.Context, h hold, id string) (subscribers int, err error) {
	err = n.redis.must(ctx, "EXEC", func(ctx context.Context) error {
		var sent *redis.IntCmd
		_, err := n.redis.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			if h.key != "" {
				p.Del(ctx, entryKey(h.group, h.key))
				p.Set(ctx, stampKey(h.group, h.key), rand.Text(), keyStampLife)
			} else {
				p.Set(ctx, stampKey(h.group, ""), rand.Text(), 0)
			}
			if h.own {
				sent = p.Publish(ctx, invalidationChannel, n.encode(h, id, false))
			}
			return nil
		})
		if err == nil && sent != nil {
			subscribers = int(sent.Val())
		}
		return err
	})
	return subscribers, err
}

// announce publishes a hold whose stamp Redis refuses to store. It also removes the
// entry, but not in one transaction: a full Redis accepts the DEL, a read-only replica
// and one that failed to save accept only the PUBLISH.
func (n *invalidations) announce(ctx context.Context, h hold, id string) (subscribers int, err error) {
	err = n.redis.must(ctx, "PUBLISH", func(ctx context.Context) error {
		var sent *redis.IntCmd
		_, _ = n.redis.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			if h.key != "" {
				p.Del(ctx, entryKey(h.group, h.key))
			}
			sent = p.Publish(ctx, invalidationChannel, n.encode(h, id, true))
			return nil
		})
		subscribers = int(sent.Val())
		return sent.Err()
	})
	if err == nil {
		n.holds.announced(h)
	}
	return subscribers, err
}

// encode returns the message of a hold.
func (n *invalidations) encode(h hold, id string, held bool) string {
	text, _ := json.Marshal(message{ // strings always have a JSON form
		ID: id, From: n.redis.process, Group: h.group, Key: h.key, Keep: h.keep, Held: held, Again: h.announced,
	})
	return string(text)
}

// retry tries to store the holds that Invalidate could not. If Redis still refuses
// writes, it publishes them again, for replicas that missed the message or have
// started since.
func (n *invalidations) retry() {
	ctx, refused := context.Background(), false // refused: Redis answers, but refuses writes
	for _, h := range n.holds.waiting() {
		err := error(nil)
		if !refused {
			_, err = n.store(ctx, h, rand.Text())
		}
		switch {
		case err == nil && !refused:
			n.holds.release(h)
			continue
		case err != nil && !answered(err):
			return
		}
		refused = true
		if !h.own {
			continue
		}
		if _, err := n.announce(ctx, h, rand.Text()); err != nil {
			return
		}
	}
}
