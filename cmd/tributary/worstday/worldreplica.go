package worstday

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"tributary/cmd/tributary/app"
)

// replica is one gateway: one process after another at the same address.
type replica struct {
	world  *World
	number int
	turn   chan struct{} // one restart or crash at a time; a mutex would stop the clock
	now    *process
	waits  atomic.Int64 // ns; see Busy
	killed []*process
}

func (w *World) newReplica(number int) *replica {
	return &replica{world: w, number: number, turn: make(chan struct{}, 1)}
}

// process is one run of the program.
type process struct {
	kill  func()             // nobody sees anything that it does later
	end   context.CancelFunc // as SIGTERM
	ended chan int           // the exit code
}

// start starts a process, and returns when it listens.
func (r *replica) start() {
	w := r.world
	w.t.Helper()
	name := replicaHost(r.number)
	host := w.net.Host(name)
	listens := make(chan struct{}, 2)
	network := app.Network{
		Dial:       host.Dial,
		Rand:       w.draw(name),
		Waits:      func() time.Duration { return time.Duration(r.waits.Load()) },
		Processors: 1,
		// No command waits for a connection: the library waits with timers of a pool that all
		// bubbles share, and a timer of another bubble ends the program.
		RedisConnections: 1024,
		Listen: func(network, addr string) (net.Listener, error) {
			ln, err := host.Listen(network, addr)
			if err == nil {
				listens <- struct{}{}
			}
			return ln, err
		},
	}
	env := w.environment(name)
	ctx, end := context.WithCancel(context.Background())
	log := &lines{ring: &w.log, replica: r.number}
	p := &process{kill: func() { log.stop(); host.Kill() }, end: end, ended: make(chan int, 1)}
	go func() {
		p.ended <- network.Run(ctx, []string{"serve"}, func(name string) string { return env[name] }, io.Discard, log)
	}()
	r.now = p
	for range 2 {
		select {
		case <-listens:
		case code := <-p.ended:
			w.t.Fatalf("gateway %d does not start; exit code %d, log:\n%s", r.number, code, strings.Join(w.Log(20), "\n"))
		}
	}
}

// Busy lets the goroutines of a gateway wait so long for a processor. Only its admission
// learns of it: in the bubble they never wait.
func (w *World) Busy(replica int, wait time.Duration) { w.replicas[replica].waits.Store(int64(wait)) }

// wait waits until the process, which was told to end, has ended.
func (r *replica) wait() {
	if code := <-r.now.ended; code != 0 {
		r.world.t.Errorf("gateway %d ended with exit code %d; log:\n%s", r.number, code, strings.Join(r.world.Log(20), "\n"))
	}
	r.now.kill() // libraries may still be connecting
	for _, p := range r.killed {
		<-p.ended // whatever its exit code is
	}
}

// Restart ends a gateway as SIGTERM does, and starts a new process at the same address.
func (w *World) Restart(replica int) {
	w.t.Helper()
	r := w.replicas[replica]
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	r.now.end()
	r.wait()
	r.killed = nil
	r.start()
}

// Crash ends a gateway as SIGKILL does, and starts a new process at the same address: all
// its connections are reset, and all that it had in memory is lost.
func (w *World) Crash(replica int) {
	w.t.Helper()
	r := w.replicas[replica]
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	r.now.kill()
	r.now.end() // its goroutines end without any effect on others
	r.killed = append(r.killed, r.now)
	r.start()
}
