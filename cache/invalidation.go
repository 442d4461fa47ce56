package cache

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Pub/sub carries word of what is to be forgotten, and not RESP3's client
// tracking: Redis sends a tracking message before it answers the writer, but
// nobody can tell when it has been acted upon. Here each replica says so, and
// the writer waits for it.

const (
	forgetChannel = redisPrefix + "forget"
	heardChannel  = redisPrefix + "heard:" // and the id of the process that asked
)

// news listens for what is to be forgotten, and counts who has heard.
type news struct {
	redis   *Redis
	process string
	end     context.CancelFunc
	done    chan struct{}

	mu      sync.Mutex
	forget  map[string]func(key string, keep bool) // by group
	pending map[string]*word                       // by id
}

// word is one message, and the replies to it.
type word struct {
	id, text string
	replies  chan struct{}
}

type message struct {
	ID, From   string
	Group, Key string
	Keep       bool `json:",omitempty"`
}

// Invalidate removes a key of a group, or with "" the whole group, from Redis,
// tells every replica that listens, and waits a moment for their
// acknowledgements. With keep, a replica keeps what it has for when asking the
// upstream fails, but asks first.
func (r *Redis) Invalidate(ctx context.Context, group, key string, keep bool) {
	if r == nil {
		return
	}
	var told int64
	word := r.news.word(group, key, keep)
	err := r.do(ctx, "PUBLISH", func(ctx context.Context) error {
		commands, err := r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			// A key's stamp need only outlive the flights that are in the air; a
			// group's guards entries that cannot be listed, and stays.
			life := 10 * time.Minute
			if key == "" {
				life = 0
			} else {
				p.Del(ctx, entryKey(group, key))
			}
			p.Set(ctx, stampKey(group, key), rand.Text(), life)
			p.Publish(ctx, forgetChannel, word.text)
			return nil
		})
		if err == nil {
			told = commands[len(commands)-1].(*redis.IntCmd).Val()
		}
		return err
	})
	if err == nil {
		word.heard(int(told), redisTimeout)
	}
	r.news.forgetWord(word)
}

// OnInvalidate calls invalidate with the keys of a group that other replicas
// have invalidated, and with "" for all of it: also whenever a message may have
// been missed. With keep, the old value may still be served when asking the
// upstream fails.
func (r *Redis) OnInvalidate(group string, invalidate func(key string, keep bool)) {
	if r != nil {
		r.news.subscribe(group, invalidate)
	}
}

func listen(r *Redis) *news {
	ctx, end := context.WithCancel(context.Background())
	n := &news{
		redis: r, process: rand.Text(), end: end, done: make(chan struct{}),
		forget: make(map[string]func(string, bool)), pending: make(map[string]*word),
	}
	go n.run(ctx)
	return n
}

func (n *news) close() {
	n.end()
	<-n.done
}

func (n *news) subscribe(group string, forget func(string, bool)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget[group] = forget
}

func (n *news) word(group, key string, keep bool) *word {
	w := &word{id: rand.Text(), replies: make(chan struct{}, 64)}
	text, _ := json.Marshal(message{ID: w.id, From: n.process, Group: group, Key: key, Keep: keep}) // strings always have a JSON form
	w.text = string(text)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pending[w.id] = w
	return w
}

func (n *news) forgetWord(w *word) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.pending, w.id)
}

// heard waits until as many have replied as were told, or a moment.
func (w *word) heard(told int, atMost time.Duration) {
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	for range told {
		select {
		case <-w.replies:
		case <-timer.C:
			return
		}
	}
}

// run listens until ctx is done. When a connection that was lost is there again,
// what could have been missed is forgotten; not before, as until then memory may
// be all there is.
func (n *news) run(ctx context.Context) {
	defer close(n.done)
	for ctx.Err() == nil {
		subscription := n.redis.client.Subscribe(ctx, forgetChannel, heardChannel+n.process)
		n.hear(ctx, subscription)
		_ = subscription.Close()
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// hear handles messages until the connection is lost. A Redis that hangs keeps
// connections open: it is asked for a sign of life.
func (n *news) hear(ctx context.Context, s *redis.PubSub) {
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
			n.missed()
		case *redis.Message:
			n.got(ctx, m)
		}
	}
}

func (n *news) got(ctx context.Context, m *redis.Message) {
	if m.Channel != forgetChannel {
		n.mu.Lock()
		w := n.pending[m.Payload]
		n.mu.Unlock()
		if w != nil {
			select {
			case w.replies <- struct{}{}:
			default:
			}
		}
		return
	}
	var what message
	if json.Unmarshal([]byte(m.Payload), &what) != nil {
		return // of another version
	}
	n.mu.Lock()
	forget := n.forget[what.Group]
	n.mu.Unlock()
	if forget != nil {
		forget(what.Key, what.Keep)
	}
	if what.From == n.process { // no need of a message to ourselves
		n.got(ctx, &redis.Message{Channel: heardChannel, Payload: what.ID})
		return
	}
	_ = n.redis.do(ctx, "PUBLISH", func(ctx context.Context) error {
		return n.redis.client.Publish(ctx, heardChannel+what.From, what.ID).Err()
	})
}

// missed forgets everything that word could have been about.
func (n *news) missed() {
	n.mu.Lock()
	all := make([]func(string, bool), 0, len(n.forget))
	for _, forget := range n.forget {
		all = append(all, forget)
	}
	n.mu.Unlock()
	for _, forget := range all {
		forget("", false)
	}
}
