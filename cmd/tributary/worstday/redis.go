package worstday

import (
	"bufio"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"

	"tributary/cmd/tributary/worstday/simnet"
)

// Redis is the Redis that all gateways of a world share, with its faults. It runs the
// real commands and scripts on the bubble's clock, but it is not a real Redis: package
// cache is tested with that one too.
type Redis struct {
	world *World
	store *miniredis.Miniredis

	mu       sync.Mutex // guards what follows
	listener net.Listener
	serving  sync.WaitGroup
	refusal  refusal
	ticked   time.Time // when keys were last checked for their end
}

// keyless are the commands that a fleet without traffic sends.
var keyless = []string{"PING", "SUBSCRIBE", "HELLO", "PUBLISH"}

// tick lets keys expire, before a command. Each time the store looks at all keys, so it is
// not done more often than this; ClockTTL would do it at every instant.
func (r *Redis) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if passed := time.Since(r.ticked); passed >= 10*time.Millisecond {
		r.ticked = r.ticked.Add(passed)
		r.store.FastForward(passed)
	}
}

// refusal is how Redis refuses writes; its zero value refuses none.
type refusal struct {
	text     string
	commands []string
}

var (
	readOnly = refusal{"READONLY You can't write against a read only replica.", []string{"SET", "DEL", "PEXPIRE", "EVAL", "EVALSHA"}}

	// A full Redis still deletes. Of scripts it refuses the first command that may need
	// memory, here the whole script: those of package cache set a key first of all.
	full = refusal{"OOM command not allowed when used memory > 'maxmemory'.", []string{"SET", "EVAL", "EVALSHA"}}
)

const redisAddr = redisHost + ":6379"

// Redis returns the Redis; nil if the world has none.
func (w *World) Redis() *Redis { return w.redis }

func (w *World) startRedis() {
	w.t.Helper()
	r := &Redis{world: w, store: miniredis.NewMiniRedis(), ticked: time.Now()}
	first, err := r.store.Dial() // starts it without a listener of the system
	if err != nil {
		w.t.Fatal(err)
	}
	_ = first.Close()
	r.store.Server().SetPreHook(func(client *server.Peer, command string, args ...string) bool {
		if !slices.Contains(keyless, command) {
			r.tick()
		}
		return r.refuse(client, command, args)
	})
	w.redis = r
	r.Back()
}

// refuse answers a command that is refused now. EXEC is never refused: the connection
// would stay in its transaction. As in Redis, a transaction with a refused command ends
// with EXECABORT.
func (r *Redis) refuse(client *server.Peer, command string, args []string) bool {
	r.mu.Lock()
	now := r.refusal
	r.mu.Unlock()
	if len(args) == 0 || !slices.Contains(now.commands, command) {
		return false
	}
	if client.Ctx != nil {
		spoilt := server.NewPeer(bufio.NewWriter(io.Discard))
		spoilt.Ctx = client.Ctx                            // the connection's transaction, if it has one
		r.store.Server().Dispatch(spoilt, []string{"SET"}) // without arguments: a mistake, which spoils it
	}
	client.WriteError(now.text)
	return true
}

func (r *Redis) refuseWith(f refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusal = f
}

// ReadOnly makes Redis refuse writes, as a replica does after a failover.
func (r *Redis) ReadOnly() { r.refuseWith(readOnly) }

// Full makes Redis refuse what needs memory.
func (r *Redis) Full() { r.refuseWith(full) }

// Flush deletes everything, also the scripts that Redis knows.
func (r *Redis) Flush() {
	r.store.FlushAll()
	nobody := server.NewPeer(bufio.NewWriter(io.Discard))
	r.store.Server().Dispatch(nobody, []string{"SCRIPT", "FLUSH"})
}

// Gone ends Redis: all connections are reset, and new ones refused. What it holds stays;
// see Flush.
func (r *Redis) Gone() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener == nil {
		return
	}
	_ = r.listener.Close()
	r.listener = nil
	for i := range r.world.setup.Replicas {
		r.world.net.Reset(replicaHost(i), redisHost)
	}
}

// Back starts Redis again after Gone.
func (r *Redis) Back() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		return
	}
	ln, err := r.world.net.Host(redisHost).Listen("tcp", redisAddr)
	if err != nil {
		r.world.t.Error(err)
		return
	}
	r.listener = ln
	r.serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			r.store.Server().ServeConn(conn)
		}
	})
}

// Hang makes Redis not answer, and accept nothing: nobody is told anything.
func (r *Redis) Hang() {
	for i := range r.world.setup.Replicas {
		r.Partition(i)
	}
}

// Partition separates one gateway from Redis.
func (r *Redis) Partition(replica int) {
	r.world.net.Change(replicaHost(replica), redisHost, func(l *simnet.Link) { l.Cut = true })
}

// Slow makes everything to and from Redis take longer by d, each way.
func (r *Redis) Slow(d time.Duration) {
	for i := range r.world.setup.Replicas {
		r.world.net.Change(replicaHost(i), redisHost, func(l *simnet.Link) {
			l.Latency = r.world.setup.Latency.Redis.Latency + d
		})
	}
}

// Heal ends all faults.
func (r *Redis) Heal() {
	r.refuseWith(refusal{})
	for i := range r.world.setup.Replicas {
		r.world.net.Change(replicaHost(i), redisHost, func(l *simnet.Link) { *l = r.world.setup.Latency.Redis })
	}
	r.Back()
}

// Keys are the keys that Redis holds.
func (r *Redis) Keys() []string { return r.store.Keys() }

func (r *Redis) close() {
	if r == nil {
		return
	}
	r.Gone()
	r.serving.Wait()
	r.store.Close()
}
