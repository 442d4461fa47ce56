package worstday

import (
	"context"
	"io"
	"maps"
	"net"
	"strings"

	"tributary/cmd/tributary/app"
)

// replica is one gateway.
type replica struct {
	world  *World
	number int
	host   string
	end    context.CancelFunc
	ended  chan int // the exit code
}

// start starts a process, and returns when it listens.
func (r *replica) start() {
	w := r.world
	w.t.Helper()
	r.host = replicaHost(r.number)
	host := w.net.Host(r.host)
	listens := make(chan struct{}, 2)
	network := app.Network{
		Dial: host.Dial,
		Rand: w.draw(r.host),
		Listen: func(network, addr string) (net.Listener, error) {
			ln, err := host.Listen(network, addr)
			if err == nil {
				listens <- struct{}{}
			}
			return ln, err
		},
	}
	env := w.environment(r.host)
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	log := &lines{ring: &w.log, replica: r.number}
	go func() {
		ended <- network.Run(ctx, []string{"serve"}, func(name string) string { return env[name] }, io.Discard, log)
	}()
	r.end, r.ended = end, ended
	for range 2 {
		select {
		case <-listens:
		case code := <-ended:
			w.t.Fatalf("gateway %d does not start; exit code %d, log:\n%s", r.number, code, strings.Join(w.Log(20), "\n"))
		}
	}
}

// Key is an API key that may do everything.
const Key = "worst-day-key"

// environment is that of a gateway at a host.
func (w *World) environment(host string) map[string]string {
	env := map[string]string{
		"LISTEN_ADDR":         host + ":80",
		"ADMIN_ADDR":          host + ":81",
		"CONSOLE":             "off",
		"CLIENT_RATE_LIMIT":   "off",
		"METNO_CONTACT":       "ops@example.org",
		"OPENWEATHER_API_KEY": "key",
		"USERS_GITHUB_LINK":   "username",
		"API_KEYS":            "all:weather:read+users:read+users:write:" + Key,
		"ANONYMOUS_SCOPES":    "weather:read+users:read",
	}
	for _, provider := range w.Providers() {
		name := strings.ToUpper(provider)
		env[name+"_URL"], env[name+"_RATE_LIMIT"] = w.sim.URL(provider), "off"
	}
	if w.file != "" {
		env["ENDPOINTS_FILE"] = w.file
	}
	for _, p := range w.declared { // the variable of its credentials, if it has any
		name := strings.ToUpper(p.Name)
		env[name+"_TOKEN"], env[name+"_API_KEY"] = "secret", "secret"
	}
	if w.redis != nil {
		env["REDIS_URL"] = "redis://" + redisAddr
	}
	maps.Copy(env, w.setup.Env)
	return env
}

// stop tells the process to end.
func (r *replica) stop() { r.end() }

// wait waits until the process has ended.
func (r *replica) wait() {
	if code := <-r.ended; code != 0 {
		r.world.t.Errorf("gateway %d ended with exit code %d; log:\n%s", r.number, code, strings.Join(r.world.Log(20), "\n"))
	}
}

// Restart ends a gateway as SIGTERM does, and starts a new process at the same address.
func (w *World) Restart(replica int) {
	w.t.Helper()
	r := w.replicas[replica]
	r.stop()
	r.wait()
	r.start()
}
