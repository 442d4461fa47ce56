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

	"tributary/api"
	upstreamsim "tributary/upstream/sim"
)

// demo runs a gateway and simulated upstreams in one process. The gateway itself does
// not know that they are simulated.
func demo(ctx context.Context, n Network, getenv func(string) string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	screen := isTerminal(stdout)
	if screen {
		getenv = preset(getenv, map[string]string{"LOG_FORMAT": string(logText)})
	}
	simulator, code := startSimulator(ctx, n, getenv, true, stderr)
	if simulator == nil {
		return code
	}
	defer simulator.Close()
	env := demoEnv(getenv, simulator)
	key := ""
	if strings.HasSuffix(env("API_KEYS"), ":"+demoKey) {
		key = demoKey
	}
	announce := func(at listening) {
		if screen {
			writeScreen(stdout, at, simulator.URL(upstreamsim.Control), key)
			return
		}
		fmt.Fprintf(stdout, "api %s\n", urlOf(at.api))
		if at.admin != nil {
			fmt.Fprintf(stdout, "admin %s\n", urlOf(at.admin))
		}
		announceSimulator(stdout, simulator)
		if key != "" {
			fmt.Fprintf(stdout, "key %s\n", key) // may do everything
		}
		fmt.Fprintln(stdout, "ready")
	}
	pages := func(at listening) *api.Demo {
		return &api.Demo{Key: key, Console: consoleOf(at), Faults: simulator.Faults()}
	}
	return serveUntil(ctx, n, env, stderr, events{listening: announce, loaded: simulator.use, simulator: simulator.Simulator, demo: pages})
}

// consoleOf is the URL of the console, empty if it is off.
func consoleOf(at listening) string {
	if !at.console {
		return ""
	}
	return urlOf(at.admin) + "/console"
}

// writeScreen tells a person at a terminal what to do next. Programs get a line for each
// address instead.
func writeScreen(w io.Writer, at listening, faults, key string) {
	url, console := urlOf(at.api), consoleOf(at)
	width := max(len(url+"/docs"), len(console))
	fmt.Fprintf(w, "\nTributary %s runs with simulated upstreams: no network, no keys.\n\n", thisBuild().version)
	fmt.Fprintf(w, "  %-*s   the weather and its sources; unplug one\n", width, url)
	fmt.Fprintf(w, "  %-*s   the API, to read and to try\n", width, url+"/docs")
	if console != "" {
		fmt.Fprintf(w, "  %-*s   what flows, what fails, and why\n", width, console)
	}
	fmt.Fprintf(w, "\nOr ask, let a provider fail for two minutes, and ask again:\n\n")
	fmt.Fprintf(w, "  curl '%s/v1/weather?city=Delhi'\n", url)
	fmt.Fprintf(w, "  curl -X PUT %s/_sim/openmeteo -d '{\"mode\": \"down\", \"for_s\": 120}'\n", faults)
	fmt.Fprintf(w, "  curl '%s/v1/weather?city=Oslo'\n", url)
	if key != "" {
		fmt.Fprintf(w, "\nWrites need a key: -H 'X-API-Key: %s'\n", key)
	}
	fmt.Fprintf(w, "Ctrl+C stops it. Its log follows.\n\n")
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

// urlOf is the URL of a listener that a browser on this machine can open: one on every
// interface is on localhost, too.
func urlOf(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return "http://" + net.JoinHostPort("localhost", port)
	}
	return "http://" + a.String()
}
