package api_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	theContract() // built before any test moves time
	if allRun() {
		theRun()
	}
	goleak.VerifyTestMain(tests{m})
}

// tests are all tests, and behind them what can only be said of all together.
type tests struct{ *testing.M }

func (t tests) Run() int {
	code := t.M.Run()
	if code != 0 || !allRun() {
		return code
	}
	for _, line := range theRun().broken() {
		fmt.Fprintln(os.Stderr, "openapi.yaml promises what no test has seen:", line)
		code = 1
	}
	if prism != nil {
		lines, err := theRun().secondOpinion(prism)
		if err != nil {
			lines = append(lines, err.Error())
		}
		for _, line := range lines {
			fmt.Fprintln(os.Stderr, "Prism:", line)
			code = 1
		}
	}
	return code
}

// allRun reports whether every test runs, each to its end. Flags must have been
// parsed.
func allRun() bool {
	for _, name := range []string{"run", "skip", "list", "fuzz", "bench"} {
		if flag.Lookup("test."+name).Value.String() != "" {
			return false
		}
	}
	return !testing.Short() && flag.Lookup("test.count").Value.String() != "0"
}
