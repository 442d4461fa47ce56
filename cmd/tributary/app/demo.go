package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// demo runs a gateway and simulated upstreams in one process. The gateway itself does
// not know that they are simulated.
func demo(ctx context.Context, n Network, getenv func(string) string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	simulator, code := startSimulator(ctx, n, getenv, true, stderr)
	if simulator == nil {
		return code
	}
	defer simulator.Close()
	env := demoEnv(getenv, simulator)
	announce := func(at listening) {
		fmt.Fprintf(stdout, "api %s\n", urlOf(at.api))
		if at.admin != nil {
			fmt.Fprintf(stdout, "admin %s\n", urlOf(at.admin))
		}
		announceSimulator(stdout, simulator)
		if strings.HasSuffix(env("API_KEYS"), ":"+demoKey) {
			fmt.Fprintf(stdout, "key %s\n", demoKey) // may do everything
		}
		fmt.Fprintln(stdout, "ready")
	}
	return serveUntil(ctx, n, env, stderr, events{listening: announce, loaded: simulator.use, simulator: simulator.Simulator})
}

// demoKey is an API key with every scope. It is public: the demo's users are made up.
const demoKey = "demo-key"

// demoEnv returns the environment with the demo's presets for unset variables.
func demoEnv(getenv func(string) string, simulator *simulated) func(string) string {
	named := simulator.cfg.namedScopes()
	reads := slices.DeleteFunc(slices.Clone(named), func(scope string) bool { return scope == "users:write" })
	presets := map[string]string{
		"LISTEN_ADDR":           "127.0.0.1:8080",
		"API_KEYS":              "demo:" + named.String() + ":" + demoKey,
		"USERS_GITHUB_LINK":     "username",
		"ANONYMOUS_SCOPES":      reads.String(),
		"DIRECTORY_IDEMPOTENCY": "on",
		"CORS_ORIGINS":          "*",
		"TRACE_PROPAGATE":       simulator.cfg.upstreamNames().String(),
	}
	for _, u := range simulator.cfg.Upstreams {
		p := u.provider
		presets[p.variable("URL")] = simulator.URL(p.name)
		presets[p.variable("RATE_LIMIT")] = "off"
		switch {
		case u.declared != nil: // whatever credentials it has, now or after the file has changed
			presets[p.variable("TOKEN")], presets[p.variable("API_KEY")] = "demo", "demo"
		case p.needs == "":
		case p.contact:
			presets[p.needs] = "https://example.com/demo"
		default:
			presets[p.needs] = "demo"
		}
	}
	return preset(getenv, presets)
}

func urlOf(a net.Addr) string { return "http://" + a.String() }
