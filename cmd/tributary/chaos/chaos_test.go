//go:build chaos

// Package chaos_test lives the days of package worstday with real programs: the built
// binary as three gateways and as the simulated upstreams, and a redis-server. Time,
// sockets, processes and signals are the system's.
package chaos_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tributary/cmd/tributary/worstday"
)

var (
	minutes = flag.Int("minutes", 1, "length of each day, at most 10")
	seeds   = flag.String("seeds", "83", "the days, such as 1,2,3")
	rate    = flag.Float64("rate", 30, "requests a second beside the bursts")
	slack   = flag.Duration("slack", 2*time.Second, "the most by which a busy machine may delay anything")
)

// withoutTheseInvariants need exact time: a busy machine breaks them without any fault of
// the gateway. The simulation checks them.
var withoutTheseInvariants = []string{
	"complete again after a fault",          // a provider that is well may outlast PATIENCE; the end is checked instead
	"one call for a key, however many wait", // needs the order of events in two processes
	"an open circuit lets nothing through",  // the slack is nearly as long as the breaker's delay
	"nobody asks again in a cooldown",       // the same
}

// binary is the built program.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "tributary")
	if out, err := exec.Command("go", "build", "-o", binary, "tributary/cmd/tributary").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	stop, err := worstday.StartTruth()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	return m.Run()
}

func TestChaos(t *testing.T) {
	for text := range strings.SplitSeq(*seeds, ",") {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("-seeds: %v", err)
		}
		t.Run("seed "+text, func(t *testing.T) { live(t, schedule(seed)) })
	}
}

// schedule is the day of a seed, or the part of it with the most trouble.
func schedule(seed uint64) worstday.Schedule {
	s := worstday.Generate(seed, true).Part(time.Duration(*minutes)*time.Minute, *rate)
	var events []worstday.Event
	for _, e := range s.Events {
		switch {
		case e.What != "redis":
		case e.Who == "slow": // needs a network between; one that hangs is worse
			e.Who, e.Args = "hang", ""
		case e.Who == "partition": // the same
			e.Who, e.Args = "gone", ""
		case e.Who == "rejoin":
			e.Who, e.Args = "back", ""
		}
		if e.What == "redis" && e.Who == "gone" { // a real one comes back empty
			events = append(events, worstday.Event{At: e.At, What: "redis", Who: "flush"})
		}
		events = append(events, e)
	}
	s.Events = events
	return s
}

// live lives a day, and prints what happened.
func live(t *testing.T, s worstday.Schedule) {
	w := start(t, s)
	r := worstday.Live(t, w, s, worstday.Options{
		Slack: *slack, Settle: 10 * time.Second, Without: withoutTheseInvariants, Started: w.watchRedis,
	})
	w.wellAgain(s)
	t.Log("\n" + report(s, r, w))
	if len(r.Violations) == 0 {
		return
	}
	var broken []string
	for _, v := range r.Violations {
		broken = append(broken, v.String())
	}
	t.Errorf("seed %d broke:\n%s\nBefore, clients were told:\n%s\nThe end of the log:\n%s", s.Seed,
		strings.Join(broken, "\n\n"), strings.Join(r.Told, "\n"), strings.Join(r.Log[max(0, len(r.Log)-40):], "\n"))
}
