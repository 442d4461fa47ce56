package worstday_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"tributary/cmd/tributary/worstday"
)

var (
	seeds  = flag.Int("seeds", 0, "days to live for a fleet, and three times as many for one gateway; 0: a few")
	first  = flag.Uint64("first", 1, "the first seed")
	replay = flag.String("replay", "", "a file with a day to live again")
	print  = flag.Bool("print", false, "print the day of the first seed")
	shrink = flag.Bool("shrink", true, "shorten a day that broke an invariant")
)

func TestMain(m *testing.M) {
	flag.Parse()
	stop, err := worstday.StartTruth()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// days is how many days are lived: of a fleet, and of one gateway.
func days() (fleets, alone int) {
	switch {
	case *seeds > 0:
		return *seeds, 3 * *seeds
	case underRace, testing.Short():
		return 8, 24
	}
	return 100, 300
}

func TestFleet(t *testing.T) {
	n, _ := days()
	liveSeeds(t, n, true)
}

func TestOneGatewayAlone(t *testing.T) {
	_, n := days()
	liveSeeds(t, n, false)
}

func liveSeeds(t *testing.T, n int, fleet bool) {
	for seed := *first; seed < *first+uint64(n); seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			s := worstday.Generate(seed, fleet)
			if *print {
				t.Log("\n" + s.String())
			}
			check(t, s)
		})
	}
}

// live runs a day in a bubble of its own.
func live(t *testing.T, s worstday.Schedule) (r worstday.Result) {
	synctest.Test(t, func(t *testing.T) { r = worstday.Run(t, s) })
	return r
}

// check lives a day, and tells all about it if it breaks an invariant.
func check(t *testing.T, s worstday.Schedule) {
	t.Helper()
	r := live(t, s)
	if len(r.Violations) == 0 {
		return
	}
	var all []string
	for _, v := range r.Violations {
		all = append(all, v.String())
	}
	t.Errorf("seed %d broke:\n%s\nBefore, clients were told:\n%s\nThe end of the log:\n%s", s.Seed, strings.Join(all, "\n\n"), strings.Join(r.Told, "\n"), strings.Join(r.Log[max(0, len(r.Log)-20):], "\n"))
}
