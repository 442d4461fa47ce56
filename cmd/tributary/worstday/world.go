// Package worstday runs whole gateways with their upstreams, their Redis and their
// clients in one testing/synctest bubble, on a network in memory. Hours pass in seconds,
// and everything that is random is drawn from a seed.
package worstday

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cmd/tributary/app"
	"tributary/cmd/tributary/worstday/simnet"
	"tributary/upstream/sim"
)

// Setup is what a world consists of. The zero Setup is one gateway without Redis.
type Setup struct {
	Replicas  int               // gateways; 0: one
	Redis     bool              // all gateways share a Redis
	Env       map[string]string // of each gateway; it has precedence over that of World
	Endpoints string            // text of a file of declared endpoints; empty: none
	Schemas   map[string]string // texts of the schemas that Endpoints names, by path
	Seed      uint64            // of delays, losses, jitter and the simulators' draws
	Latency   *Latency          // nil: DefaultLatency

	// IgnoreKeys makes the simulated directory ignore Idempotency-Key, as the real one does.
	IgnoreKeys bool
}

// Latency is the links, each in both directions.
type Latency struct {
	Client   simnet.Link // between clients and gateways
	Upstream simnet.Link // between gateways and upstreams
	Redis    simnet.Link // between gateways and Redis
}

// DefaultLatency has no two equal delays, so that things happen in an order that the
// seed decides.
var DefaultLatency = Latency{
	Client:   simnet.Link{Latency: 4 * time.Millisecond, Jitter: 4 * time.Millisecond},
	Upstream: simnet.Link{Latency: 10 * time.Millisecond, Jitter: 15 * time.Millisecond},
	Redis:    simnet.Link{Latency: 200 * time.Microsecond, Jitter: 300 * time.Microsecond},
}

// The hosts. Those of clients are any others.
const (
	simulatorHost = "10.0.1.1"
	redisHost     = "10.0.2.1"
	operatorHost  = "10.0.3.1" // asks upstreams and admin listeners
)

// replicaHost is the address of a gateway; its API is on port 80.
func replicaHost(replica int) string { return fmt.Sprintf("10.0.0.%d", replica+1) }

// replicaOf is the gateway at an address; -1: none is.
func replicaOf(host string) int {
	ip, err := netip.ParseAddr(host)
	if b := ip.AsSlice(); err == nil && len(b) == 4 && b[0] == 10 && b[1] == 0 && b[2] == 0 {
		return int(b[3]) - 1
	}
	return -1
}

// World is a running world. Its methods may be called concurrently, except Close.
type World struct {
	t        testing.TB
	setup    Setup
	file     string         // of the endpoints; empty: none
	declared []sim.Provider // its upstreams
	net      *simnet.Network
	sim      *sim.Simulator
	redis    *Redis // nil: there is none
	replicas []*replica
	clients  clients
	calls    calls
	log      ring
}

// os/signal starts a goroutine at the first call and keeps it. It must not begin in a
// bubble, which could then not end.
func init() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	signal.Stop(c)
}

// New starts a world; it must be called in a bubble. The test ends if it does not start.
func New(t testing.TB, s Setup) *World {
	t.Helper()
	s.Replicas = max(s.Replicas, 1)
	if s.Latency == nil {
		s.Latency = &DefaultLatency
	}
	w := &World{t: t, setup: s}
	w.net = simnet.New(s.Seed, s.Latency.between)
	w.clients.net = w.net
	w.declare()
	w.startSimulator()
	if s.Redis {
		w.startRedis()
	}
	for i := range s.Replicas {
		w.replicas = append(w.replicas, w.newReplica(i))
		w.replicas[i].start()
	}
	return w
}

// between is the link between two hosts before a fault changes it.
func (l *Latency) between(from, to string) simnet.Link {
	switch {
	case from == operatorHost || to == operatorHost:
		return simnet.Link{}
	case from == simulatorHost || to == simulatorHost:
		return l.Upstream
	case from == redisHost || to == redisHost:
		return l.Redis
	}
	return l.Client
}

// declare writes the file of endpoints.
func (w *World) declare() {
	w.t.Helper()
	if w.setup.Endpoints == "" {
		return
	}
	w.file = filepath.Join(w.t.TempDir(), "endpoints.yaml")
	err := write(w.file, w.setup.Endpoints)
	for path, text := range w.setup.Schemas {
		err = errors.Join(err, write(filepath.Join(filepath.Dir(w.file), path), text))
	}
	if err == nil {
		env := w.environment(replicaHost(0))
		w.declared, err = app.SimulatedUpstreams(func(name string) string { return env[name] })
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

func (w *World) startSimulator() {
	w.t.Helper()
	var err error
	w.sim, err = sim.Start(context.Background(), sim.Config{
		Addr:    simulatorHost + ":9100",
		Listen:  w.net.Host(simulatorHost).Listen,
		Wrap:    w.calls.record,
		Further: w.declared,
		Rand:    w.draw("simulator"),

		IgnoreIdempotencyKeys: w.setup.IgnoreKeys,
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Fault makes a provider misbehave; the zero Fault heals it.
func (w *World) Fault(provider string, f sim.Fault) error { return w.sim.SetFault(provider, f) }

// Heal ends the fault of a provider.
func (w *World) Heal(provider string) error { return w.sim.SetFault(provider, sim.Fault{}) }

// Providers are the names of all simulated upstreams.
func (w *World) Providers() (names []string) {
	if w.sim == nil {
		return nil // it is about to be started
	}
	for _, l := range w.sim.Listeners() {
		if l.Name != sim.Control {
			names = append(names, l.Name)
		}
	}
	return names
}

// Net is the network, for hosts of the test's own. Gateway i has the address 10.0.0.(i+1).
func (w *World) Net() *simnet.Network { return w.net }

// Uplink changes the links between a gateway and all upstreams.
func (w *World) Uplink(replica int, change func(*simnet.Link)) {
	w.net.Change(replicaHost(replica), simulatorHost, change)
}

// Close ends everything, gateways as SIGTERM does, so that the bubble can end.
func (w *World) Close() {
	w.clients.close()
	for _, r := range w.replicas {
		r.now.end()
	}
	for _, r := range w.replicas {
		r.wait()
	}
	_ = w.sim.Close() // it has no system whose errors could be of interest
	w.redis.close()
	time.Sleep(2 * time.Second) // the client of Redis looks once in a second whether it was closed
	synctest.Wait()
}
