package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/signal"
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
	return serveUntil(ctx, n, env, stderr, func(at listening) {
		fmt.Fprintf(stdout, "api %s\n", urlOf(at.api))
		if at.admin != nil {
			fmt.Fprintf(stdout, "admin %s\n", urlOf(at.admin))
		}
		announceSimulator(stdout, simulator)
		if strings.HasSuffix(env("API_KEYS"), ":"+demoKey) {
			fmt.Fprintf(stdout, "key %s\n", demoKey) // may do everything
		}
		fmt.Fprintln(stdout, "ready")
	})
}

// demoKey is an API key with every scope. It is public: the demo's users are made up.
const demoKey = "demo-key"

// demoEnv returns the environment with the demo's presets for unset variables.
func demoEnv(getenv func(string) string, simulator *simulated) func(string) string {
	presets := map[string]string{
		"LISTEN_ADDR":           "127.0.0.1:8080",
		"API_KEYS":              "demo:weather:read+users:read+users:write:" + demoKey,
		"USERS_GITHUB_LINK":     "username",
		"ANONYMOUS_SCOPES":      "weather:read+users:read",
		"DIRECTORY_IDEMPOTENCY": "on",
		"CORS_ORIGINS":          "*",
	}
	for _, p := range providers {
		presets[p.variable("URL")] = simulator.URL(p.name)
		presets[p.variable("RATE_LIMIT")] = "off"
		switch {
		case p.needs == "":
		case p.contact:
			presets[p.needs] = "https://example.com/demo"
		default:
			presets[p.needs] = "demo"
		}
	}
	presets["TRACE_PROPAGATE"] = providerNames().String()
	return func(name string) string {
		if v := getenv(name); v != "" || getenv(name+"_FILE") != "" {
			return v
		}
		return presets[name]
	}
}

func urlOf(a net.Addr) string { return "http://" + a.String() }
