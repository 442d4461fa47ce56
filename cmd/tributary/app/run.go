// Package app is the program tributary: its commands, its configuration and its
// wiring. It is the only package that imports all others. It is not package main,
// so that tests elsewhere can run the program.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Run runs the command that args name, until it is done or ctx is. It returns the
// exit code. It writes logs and mistakes to stderr, the results of commands to stdout.
func Run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	return Network{}.Run(ctx, args, getenv, stdout, stderr)
}

// Run is [Run] on this network.
func (n Network) Run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	name := "serve"
	named := len(args) > 0 && !isFlag(args[0])
	if named {
		name, args = args[0], args[1:]
	}
	switch {
	case name == "help" && len(args) > 0 && !isFlag(args[0]):
		name, args = args[0], []string{"--help"}
	case name == "help", !named && slices.ContainsFunc(args, isHelp):
		fmt.Fprint(stdout, usage())
		return 0
	}
	c, ok := commandNamed(name)
	if !ok {
		known := []string{"help"}
		for _, c := range commands {
			known = append(known, c.name)
		}
		fmt.Fprintf(stderr, "unknown command %q%s\n\n%s", name, didYouMean(name, known), usage())
		return 2
	}
	switch {
	case slices.ContainsFunc(args, isHelp):
		fmt.Fprint(stdout, c.help())
		return 0
	case slices.ContainsFunc(args, isVersion):
		return version(stdout)
	}
	file, args, err := c.arguments(args)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n\n%s", c.name, err, c.help())
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
	return c.run(ctx, n, call{args, getenv, stdout, stderr})
}

// arguments splits args into the file of --endpoints and the others, and refuses what the
// command does not know.
func (c command) arguments(args []string) (file string, rest []string, err error) {
	if file, rest, err = endpointsFlag(args); err != nil {
		return "", nil, err
	}
	if file != "" && !c.endpoints {
		return "", nil, errors.New("it does not read --endpoints")
	}
	most := strings.Count(c.operands, "[")
	for i, arg := range rest {
		name, _, _ := strings.Cut(arg, "=")
		switch {
		case isFlag(arg):
			return "", nil, fmt.Errorf("unknown flag %s%s; it knows %s", name, didYouMean(name, c.flags()), strings.Join(c.flags(), ", "))
		case i >= most:
			return "", nil, fmt.Errorf("unexpected %q: it takes %s", arg, [...]string{"no arguments", "one argument"}[most])
		}
	}
	return file, rest, nil
}

// endpointsFlag takes --endpoints FILE, or --endpoints=FILE, out of args.
func endpointsFlag(args []string) (file string, rest []string, err error) {
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
		switch {
		case value == "":
			return "", nil, errors.New("--endpoints needs a file")
		case file != "":
			return "", nil, errors.New("--endpoints stands twice")
		}
		file = value
	}
	return file, rest, nil
}

func isHelp(arg string) bool { return slices.Contains([]string{"-h", "-help", "--help"}, arg) }

func isVersion(arg string) bool { return slices.Contains([]string{"-v", "-version", "--version"}, arg) }

func isFlag(arg string) bool { return strings.HasPrefix(arg, "-") }
