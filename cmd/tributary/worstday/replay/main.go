// Command replay runs tests of simulated worlds so that they run in exactly the same way
// each time: with one seed for all random choices of Go's runtime, on one thread, without
// preemption and garbage collection.
//
//	go run ./cmd/tributary/worstday/replay -seed 7 -- -test.run TestName
//
// The first run compiles everything anew, with five changed files of the runtime.
// With -times it repeats the run and compares what the runs write.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "replay:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", 1, "seed of the runtime's choices, not 0; another one is another order of the same events")
	times := flags.Int("times", 1, "runs; with more than one, their outputs must be equal")
	pkg := flags.String("package", "tributary/cmd/tributary/worstday", "package of the tests")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *seed == 0 || *times < 1 {
		return errors.New("-seed and -times must be at least 1")
	}
	test, err := build(ctx, *pkg, stderr)
	if err != nil {
		return err
	}
	if *times == 1 {
		return test.run(ctx, *seed, flags.Args(), stdout)
	}
	return test.compare(ctx, *seed, *times, flags.Args(), stdout)
}

// binary is a test binary with the changed runtime.
type binary struct {
	path   string
	folder string // of the package
}

func build(ctx context.Context, pkg string, stderr io.Writer) (binary, error) {
	env, err := output(ctx, "go", "env", "GOVERSION", "GOROOT")
	if err != nil {
		return binary{}, err
	}
	version, goroot, _ := strings.Cut(env, "\n")
	if version != goVersion {
		return binary{}, fmt.Errorf("the edits of the runtime are for %s, and this is %s", goVersion, version)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return binary{}, err
	}
	cache = filepath.Join(cache, "tributary-replay", version)
	overlay, err := writeOverlay(goroot, cache)
	if err != nil {
		return binary{}, err
	}
	folder, err := output(ctx, "go", "list", "-f", "{{.Dir}}", pkg)
	if err != nil {
		return binary{}, err
	}
	b := binary{path: filepath.Join(cache, filepath.Base(pkg)+".test"), folder: folder}
	c := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", b.path, pkg)
	c.Stdout, c.Stderr = stderr, stderr
	return b, c.Run()
}

// output runs a command and returns what it prints.
func output(ctx context.Context, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// run runs the tests once. Preemption and garbage collection happen at moments that
// depend on the machine, so they are off.
func (b binary) run(ctx context.Context, seed uint64, args []string, stdout io.Writer) error {
	c := exec.CommandContext(ctx, b.path, args...)
	c.Dir, c.Stdout, c.Stderr = b.folder, stdout, stdout
	c.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1", "SYNCTEST_SEED="+strconv.FormatUint(seed, 10))
	return c.Run()
}

// compare runs the tests several times. It fails at the first output that differs.
func (b binary) compare(ctx context.Context, seed uint64, times int, args []string, stdout io.Writer) error {
	var first []string
	for n := range times {
		var out bytes.Buffer
		if err := b.run(ctx, seed, args, &out); err != nil {
			_, _ = out.WriteTo(stdout)
			return err
		}
		lines := withoutDurations(out.String())
		if n == 0 {
			first = lines
			continue
		}
		if err := sameLines(first, lines); err != nil {
			return fmt.Errorf("run %d differs from the first: %w", n+1, err)
		}
	}
	_, err := fmt.Fprintf(stdout, "%d runs, %d lines, all equal\n", times, len(first))
	return err
}

// withoutDurations drops what package testing says about how long tests took.
func withoutDurations(out string) (lines []string) {
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--- ") {
			lines = append(lines, line)
		}
	}
	return lines
}

func sameLines(a, b []string) error {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			return fmt.Errorf("it has %d lines more, the first is %q", len(b)-i, b[i])
		case i >= len(b):
			return fmt.Errorf("it ends before line %d, %q", i+1, a[i])
		case a[i] != b[i]:
			return fmt.Errorf("line %d is %q, was %q", i+1, b[i], a[i])
		}
	}
	return nil
}
