// Package app is the program tributary: its commands, its configuration and its
// wiring. It is the only package that imports all others. It is not package main,
// so that tests elsewhere can run the program.
package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

const usage = `usage: tributary [command] [--endpoints FILE]

commands:
  serve         the gateway, configured from the environment (the default)
  demo          the gateway and simulated upstreams: no network, no keys
  sim           only the simulated upstreams
  check         print the configuration in effect, or every mistake in it
  health [URL]  ask a gateway, by default this one's, whether it is ready
  version       print version, commit and Go version

serve, demo, sim and check read declared endpoints from FILE; it wins over ENDPOINTS_FILE.
`

// Run runs the command that args name, until it is done or ctx is. It returns the
// exit code. It writes logs and mistakes to stderr, the results of commands to stdout.
func Run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	return Network{}.Run(ctx, args, getenv, stdout, stderr)
}

// Run is [Run] on this network.
func (n Network) Run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	command := "serve"
	if len(args) > 0 && !isFlag(args[0]) {
		command, args = args[0], args[1:]
	}
	if command == "help" || slices.ContainsFunc(args, isHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	file, args, ok := endpointsFlag(args)
	if !ok || slices.ContainsFunc(args, isFlag) || len(args) > 0 && command != "health" ||
		file != "" && !slices.Contains([]string{"serve", "demo", "sim", "check"}, command) {
		fmt.Fprint(stderr, usage)
		return 2
	}
	if file != "" {
		environment := getenv
		getenv = func(name string) string {
			if name == "ENDPOINTS_FILE" {
				return file
			}
			return environment(name)
		}
	}
	switch command {
	case "serve":
		return serve(ctx, n, getenv, stderr)
	case "demo":
		return demo(ctx, n, getenv, stdout, stderr)
	case "sim":
		return sim(ctx, n, getenv, stdout, stderr)
	case "check":
		return check(getenv, stdout, stderr)
	case "health":
		return health(ctx, args, getenv, stdout, stderr)
	case "version":
		return version(stdout)
	}
	fmt.Fprintf(stderr, "unknown command %q\n%s", command, usage)
	return 2
}

// endpointsFlag takes --endpoints FILE, or --endpoints=FILE, out of args. ok is false if
// it has no value, or stands twice.
func endpointsFlag(args []string) (file string, rest []string, ok bool) {
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		if name != "--endpoints" && name != "-endpoints" {
			rest = append(rest, args[i])
			continue
		}
		if !hasValue && i+1 < len(args) {
			i++
			value = args[i]
		}
		if value == "" || file != "" {
			return "", nil, false
		}
		file = value
	}
	return file, rest, true
}

func isHelp(arg string) bool { return slices.Contains([]string{"-h", "-help", "--help"}, arg) }

func isFlag(arg string) bool { return strings.HasPrefix(arg, "-") }
