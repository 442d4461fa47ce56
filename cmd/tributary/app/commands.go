package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"tributary/upstream/declared/schema"
)

// call is one call of the program.
type call struct {
	args           []string // that are no flags
	getenv         func(string) string
	stdout, stderr io.Writer
}

// command is a word that the program understands.
type command struct {
	name      string
	operands  string // as the usage shows them; empty: it takes none
	summary   string
	detail    string
	endpoints bool // takes --endpoints
	run       func(context.Context, Network, call) int
}

// commands are all commands, in the order of the usage.
var commands = []command{
	{
		name: "serve", endpoints: true, summary: "the gateway, configured from the environment (the default)",
		detail: "tributary check lists the variables. The log is on stderr. SIGTERM drains and stops it.",
		run:    func(ctx context.Context, n Network, c call) int { return serve(ctx, n, c.getenv, c.stderr) },
	},
	{
		name: "demo", endpoints: true, summary: "the gateway and simulated upstreams: no network, no keys",
		detail: "LISTEN_ADDR, ADMIN_ADDR and SIM_ADDR move it to other addresses; port 0 is any free one.",
		run:    func(ctx context.Context, n Network, c call) int { return demo(ctx, n, c.getenv, c.stdout, c.stderr) },
	},
	{
		name: "sim", endpoints: true, summary: "only the simulated upstreams",
		detail: "SIM_ADDR is the address that sets faults; the providers listen on the next ports.",
		run:    func(ctx context.Context, n Network, c call) int { return sim(ctx, n, c.getenv, c.stdout, c.stderr) },
	},
	{
		name: "check", endpoints: true, summary: "print the configuration in effect, or every mistake in it",
		detail: "Secrets are only set or unset. Warnings are on stderr. The exit code is 1 after a mistake.",
		run:    func(_ context.Context, _ Network, c call) int { return check(c.getenv, c.stdout, c.stderr) },
	},
	{
		name: "health", operands: "[URL]", summary: "ask a gateway, by default this one's, whether it is ready",
		detail: "The exit code is 0 if /readyz answers 200 within two seconds.",
		run: func(ctx context.Context, _ Network, c call) int {
			return health(ctx, c.args, c.getenv, c.stdout, c.stderr)
		},
	},
	{
		name: "version", summary: "print version, commit and Go version",
		run: func(_ context.Context, _ Network, c call) int { return version(c.stdout) },
	},
}

func commandNamed(name string) (command, bool) {
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == name })
	if i < 0 {
		return command{}, false
	}
	return commands[i], true
}

// usage is the help about the whole program.
func usage() string {
	var b strings.Builder
	b.WriteString("usage: tributary [command] [--endpoints FILE]\n\ncommands:\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  %-14s  %s\n", strings.TrimSpace(c.name+" "+c.operands), c.summary)
	}
	fmt.Fprintf(&b, "  %-14s  %s\n", "help [command]", "print this, or more about a command")
	b.WriteString("\nserve, demo, sim and check read declared endpoints from FILE; it wins over ENDPOINTS_FILE.\n")
	return b.String()
}

// help is the help about one command.
func (c command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: tributary %s", c.name)
	if c.operands != "" {
		b.WriteString(" " + c.operands)
	}
	if c.endpoints {
		b.WriteString(" [--endpoints FILE]")
	}
	fmt.Fprintf(&b, "\n\n%s: %s\n", c.name, c.summary)
	if c.detail != "" {
		b.WriteString(c.detail + "\n")
	}
	if c.endpoints {
		b.WriteString("Declared endpoints are read from FILE; it wins over ENDPOINTS_FILE.\n")
	}
	return b.String()
}

// flags are those that a command knows.
func (c command) flags() []string {
	if c.endpoints {
		return []string{"--endpoints", "--help", "--version"}
	}
	return []string{"--help", "--version"}
}

// didYouMean suggests the known name that is most like one that is not known; "" if none
// is close.
func didYouMean(name string, known []string) string {
	best := schema.Nearest(name, slices.Values(known))
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}
