package app

import (
	"fmt"
	"io"

	"tributary/telemetry"
)

// check prints the value that each variable has in effect, or every mistake in
// them. What works and should still be changed is a warning on stderr.
func check(getenv func(string) string, stdout, stderr io.Writer) int {
	cfg, err := readConfig(getenv)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	for _, warning := range cfg.APIKeys.warnings() {
		fmt.Fprintln(stderr, warning)
	}
	for _, p := range telemetry.CheckEnvironment(getenv) {
		fmt.Fprintf(stderr, "%s: warning: %s\n", p.Variable, p.Text)
	}
	for _, v := range cfg.variables() {
		fmt.Fprintf(stdout, "%s=%s\n", v.name, v)
	}
	// The SDK's own, and not ours to read; but whether traces leave the process
	// is what one runs check to see.
	fmt.Fprintf(stdout, "OTEL_EXPORTER_OTLP_ENDPOINT=%s\n", newSecret(getenv("OTEL_EXPORTER_OTLP_ENDPOINT")))
	return 0
}
