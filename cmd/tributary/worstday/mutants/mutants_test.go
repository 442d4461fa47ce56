package mutants_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tributary/cmd/tributary/worstday/mutants"
)

var (
	run   = flag.Bool("mutants", false, "build all mutants and let them live through days until they are found out")
	only  = flag.String("only", "", "run the mutants whose names match this regular expression")
	days  = flag.Int("days", 32, "seeds for a mutant that its own load does not find out")
	first = flag.Uint64("first", 1, "the first seed")
)

// least is the share of mutants that must be found out.
const least = 0.95

const pkg = "tributary/cmd/tributary/worstday"

func root(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// The sources change, and each mutant must still be one.
func TestEachMutantChangesItsFile(t *testing.T) {
	if _, err := mutants.Overlay(root(t), t.TempDir(), mutants.All); err != nil {
		t.Error(err)
	}
	names := map[string]bool{}
	for _, m := range mutants.All {
		if names[m.Name] || !strings.Contains(m.New, "on()") || m.Shown.Test == "" {
			t.Errorf("mutant %q: its name is not its own, nothing switches it on, or no load shows it", m.Name)
		}
		names[m.Name] = true
	}
}

func TestMutants(t *testing.T) {
	if !*run {
		t.Skip("it takes minutes: go test ./cmd/tributary/worstday/mutants -run Mutants -mutants -timeout 60m")
	}
	overlay, err := mutants.Overlay(root(t), t.TempDir(), mutants.All)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "worstday.test")
	build := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, pkg)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, load := range loads() {
		if by := oneRun(binary, "none", load); by != "" {
			t.Fatalf("without a mutant: %s", by)
		}
	}
	var survivors []string
	killed, all := 0, 0
	for _, m := range mutants.All {
		if !regexp.MustCompile(*only).MatchString(m.Name) {
			continue
		}
		all++
		by := killedBy(binary, m)
		if by == "" {
			survivors = append(survivors, m.Name)
			continue
		}
		killed++
		t.Logf("%s: found out: %s", m.Name, by)
	}
	t.Logf("%d of %d mutants were found out; not: %q", killed, all, survivors)
	if float64(killed) < least*float64(all) {
		t.Errorf("too few")
	}
}

// loads are those of all mutants that are to be run, each once.
func loads() (list []mutants.Load) {
	for _, m := range mutants.All {
		if regexp.MustCompile(*only).MatchString(m.Name) && !slices.Contains(list, m.Shown) {
			list = append(list, m.Shown)
		}
	}
	return list
}

// killedBy is the first invariant that a mutant breaks; "" if it lives through all days.
func killedBy(binary string, m mutants.Mutant) string {
	if by := oneRun(binary, m.Name, m.Shown); by != "" {
		return by
	}
	if by := oneRun(binary, m.Name, mutants.Load{Test: "TestKnownDays", Seed: 1}); by != "" {
		return by
	}
	for seed := *first; seed < *first+uint64(*days); seed++ {
		for _, test := range []string{"TestScenes", "TestFleet", "TestOneGatewayAlone"} {
			if by := oneRun(binary, m.Name, mutants.Load{Test: test, Seed: seed}); by != "" {
				return by
			}
		}
	}
	return ""
}

// oneRun is the invariant that a mutant breaks in one run of a test; "" for none.
func oneRun(binary, mutant string, load mutants.Load) string {
	c := exec.Command(binary, "-test.run", "^("+load.Test+")$", "-test.timeout", "180s", "-first", fmt.Sprint(load.Seed), "-seeds", "1", "-shrink=false")
	c.Dir = ".." // where its testdata is
	c.Env = append(os.Environ(), mutants.Variable+"="+mutant)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Sprintf("%s from seed %d: %s", load.Test, load.Seed, violated(string(out)))
	}
	return ""
}

// violated is the first violation in the output of a test.
func violated(out string) string {
	lines := strings.Split(out, "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, " broke:") })
	if at >= 0 && at+1 < len(lines) {
		what, _, _ := strings.Cut(strings.TrimSpace(lines[at+1]), ", at ")
		return what
	}
	return strings.TrimSpace(lines[0])
}
