package api_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"tributary/telemetry/telemetrytest"
)

// watch checks the output of the gateways in these tests.
var watch telemetrytest.Watch

func TestMain(m *testing.M) {
	flag.Parse()
	theContract() // built before any test changes the clock
	if telemetrytest.AllRun() {
		theRun()
	}
	watch.Keep("reader-secret", "other-secret", "hopper-secret", "reader-key", "writer-key", "weather-key", "colleague-key")
	goleak.VerifyTestMain(watch.Wrap(tests{m}, telemetrytest.Log, telemetrytest.Trace, telemetrytest.Answer))
}

// tests runs all tests, and then the checks over all their answers.
type tests struct{ *testing.M }

func (t tests) Run() int {
	code := t.M.Run()
	if code != 0 || !telemetrytest.AllRun() {
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
