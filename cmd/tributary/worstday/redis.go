package worstday

import (
	"net"
	"sync"
	"sync/atomic"
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

	turn    sync.Mutex                  // held for a whole command or script
	inside  atomic.Pointer[server.Peer] // whose command is carried out by the holder of turn
	scripts *scripts                    // guarded by turn

	mu       sync.Mutex // guards what follows
	listener net.Listener
	serving  sync.WaitGroup
	refusal  refusal
	ticked   time.Time // when keys were last checked for their end
}

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
	r.scripts = newScripts(r.dispatch)
	r.store.Server().SetPreHook(r.carryOut)
	w.redis = r
	r.Back()
}

// ReadOnly makes Redis refuse writes, as a replica does after a failover.
func (r *Redis) ReadOnly() { r.refuseWith(readOnly) }

// Full makes Redis refuse what needs memory.
func (r *Redis) Full() { r.refuseWith(full) }

// Flush deletes everything, also the scripts that Redis knows.
func (r *Redis) Flush() {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.store.FlushAll()
	r.scripts.flush()
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
