package cache

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// receive listens until ctx is done.
func (n *invalidations) receive(ctx context.Context) {
	defer close(n.ended)
	for ctx.Err() == nil {
		subscription := n.redis.client.Subscribe(ctx, invalidationChannel, acknowledgementChannel+n.redis.process)
		n.handleAll(ctx, subscription)
		n.listening.Store(false)
		_ = subscription.Close()
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// handleAll handles messages until the connection is lost. A Redis that hangs
// keeps its connections open, so a silent one is sent a PING.
func (n *invalidations) handleAll(ctx context.Context, s *redis.PubSub) {
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	silent := false
	for ctx.Err() == nil {
		received, err := s.ReceiveTimeout(ctx, time.Second)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout() && !silent:
			silent = true
			if s.Ping(ctx) != nil {
				return
			}
			continue
		case err != nil:
			return
		}
		silent = false
		switch m := received.(type) {
		case *redis.Subscription:
			n.listening.Store(true)
			n.applyAll()
		case *redis.Message:
			n.handle(ctx, m)
		}
	}
}

// handle applies an invalidation message and acknowledges it, or counts an
// acknowledgement.
func (n *invalidations) handle(ctx context.Context, m *redis.Message) {
	if m.Channel != invalidationChannel {
		n.acknowledged(m.Payload)
		return
	}
	var what message
	if json.Unmarshal([]byte(m.Payload), &what) != nil {
		return // from another version of the program
	}
	if what.From == n.redis.process { // send has applied it
		n.acknowledged(what.ID)
		return
	}
	n.received(what)
	_ = n.redis.must(ctx, "PUBLISH", func(ctx context.Context) error {
		return n.redis.client.Publish(ctx, acknowledgementChannel+what.From, what.ID).Err()
	})
}

// received applies the message of another process. If Redis has not stored its stamp, this
// process holds the key, too.
func (n *invalidations) received(what message) {
	if what.Again && n.holds.has(what.Group, what.Key) {
		return
	}
	if what.Held && n.listens(what.Group) {
		n.holds.add(hold{group: what.Group, key: what.Key, keep: what.Keep})
	}
	n.apply(what.Group, what.Key, what.Keep)
}
