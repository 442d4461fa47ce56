package worstday_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cmd/tributary/worstday"
)

var (
	seeds    = flag.Int("seeds", 0, "days to live for a fleet, and three times as many for one gateway; 0: a few")
	first    = flag.Uint64("first", 1, "the first seed")
	replay   = flag.String("replay", "", "a file with a day to live again")
	printDay = flag.Bool("print", false, "print each day, and the whole log of one that broke an invariant")
	shrink   = flag.Bool("shrink", true, "shorten a day that broke an invariant")
)

func TestMain(m *testing.M) {
	flag.Parse()
	stop, err := worstday.StartTruth()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	debug.SetGCPercent(1000) // many small worlds: 400 MB, and hardly any time to collect
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
		return 4, 12
	}
	return 100, 300
}

func TestFleet(t *testing.T) {
	n, _ := days()
	liveSeeds(t, n, func(seed uint64) worstday.Schedule { return worstday.Generate(seed, true) })
}

func TestOneGatewayAlone(t *testing.T) {
	_, n := days()
	liveSeeds(t, n, func(seed uint64) worstday.Schedule { return worstday.Generate(seed, false) })
}

// Each promise has the load that would show that it is broken.
func TestScenes(t *testing.T) {
	n, _ := days()
	if *seeds == 0 {
		n = min(n, 20)
	}
	liveSeeds(t, n, worstday.Scenes)
}

// Answers live through windows of a day, and of a month.
func TestQuietTimes(t *testing.T) {
	if underRace || testing.Short() {
		t.Skip("it takes too long for the race detector")
	}
	for name, s := range map[string]worstday.Schedule{
		"a day and a half":   worstday.Quiet(*first, 36*time.Hour, 0.02),
		"five weeks":         worstday.Quiet(*first, 35*24*time.Hour, 0.0005),
		"half a working day": worstday.Quiet(*first+2, 4*time.Hour, 0.1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, s)
		})
	}
}

func liveSeeds(t *testing.T, n int, draw func(seed uint64) worstday.Schedule) {
	for seed := *first; seed < *first+uint64(n); seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			s := draw(seed)
			if *printDay {
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
	log := r.Log[max(0, len(r.Log)-40):]
	if *printDay {
		log = r.Log
	}
	t.Errorf("seed %d broke:\n%s\nBefore, clients were told:\n%s\nThe end of the log:\n%s",
		s.Seed, strings.Join(all, "\n\n"), strings.Join(r.Told, "\n"), strings.Join(log, "\n"))
	if *shrink {
		shorten(t, s, r.Violations[0].Invariant)
	}
}

// shorten writes a shorter day that breaks an invariant in at least four of five runs, and
// tells how to live it again, and how often it breaks the invariant.
func shorten(t *testing.T, s worstday.Schedule, invariant string) {
	t.Helper()
	breaks := func(s worstday.Schedule) bool {
		return slices.ContainsFunc(live(t, s).Violations, func(v worstday.Violation) bool { return v.Invariant == invariant })
	}
	share := func(s worstday.Schedule, runs, allowed int) (broke int) {
		for run := range runs {
			if breaks(s) {
				broke++
			} else if run-broke >= allowed {
				break
			}
		}
		return broke
	}
	if share(s, 5, 1) >= 4 {
		s = worstday.Shrink(s, func(s worstday.Schedule) bool { return share(s, 5, 1) >= 4 })
	}
	file := filepath.Join(os.TempDir(), fmt.Sprintf("worstday-%d.txt", s.Seed))
	if err := os.WriteFile(file, []byte(s.String()), 0o600); err != nil {
		t.Error(err)
	}
	t.Logf("shortened to %d events and %d requests; in 20 runs %d break it; to live it again:\n  go test ./cmd/tributary/worstday -run TestReplay -replay %s",
		len(s.Events), len(s.Requests), share(s, 20, 20), file)
}

func TestReplay(t *testing.T) {
	if *replay == "" {
		t.Skip("which day? -replay FILE")
	}
	liveFile(t, *replay)
}

func liveFile(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := worstday.Parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	check(t, s)
}

// Days that were lived, and days that broke an invariant once.
func TestKnownDays(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no days in testdata (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			liveFile(t, file)
		})
	}
}

func TestScheduleIsItsText(t *testing.T) {
	for seed := range uint64(20) {
		s := worstday.Generate(seed, seed%2 == 0)
		again, err := worstday.Parse(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("seed %d: the schedule that its text gives is another one (%v)", seed, err)
		}
		if worstday.Generate(seed, seed%2 == 0).String() != s.String() {
			t.Errorf("seed %d gives two different days", seed)
		}
	}
}
