package app

import (
	"fmt"
	"io"

	"tributary/telemetry"
)

// check prints each variable with its value in effect and the plan of each declared
// endpoint, or all mistakes. Valid values that should be changed are warnings on stderr.
func check(getenv func(string) string, stdout, stderr io.Writer) int {
	cfg, err := readConfig(getenv)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	for _, warning := range cfg.APIKeys.warnings() {
		fmt.Fprintln(stderr, warning)
	}
	for _, u := range cfg.withoutCredentials() {
		fmt.Fprintf(stderr, "%s: warning: is not set, so %s is called without credentials\n", u.provider.credential.variable, u.provider.name)
	}
	for _, m := range cfg.misspeltVariables() {
		fmt.Fprintf(stderr, "%s: warning: %s\n", m.name, m)
	}
	for _, p := range telemetry.CheckEnvironment(getenv) {
		fmt.Fprintf(stderr, "%s: warning: %s\n", p.Variable, p.Text)
	}
	for _, v := range cfg.variables() {
		fmt.Fprintf(stdout, "%s=%s\n", v.name, v)
	}
	// OpenTelemetry's SDK reads this variable, not the configuration. It is shown
	// because it decides whether anything is exported.
	fmt.Fprintf(stdout, "OTEL_EXPORTER_OTLP_ENDPOINT=%s\n", newSecret(getenv("OTEL_EXPORTER_OTLP_ENDPOINT")))
	gogc, memoryLimit := collector() // Go reads these itself; see FitMemory
	fmt.Fprintf(stdout, "GOGC=%s\nGOMEMLIMIT=%s\n", gogc, memoryLimit)
	if cfg.definition == nil {
		return 0
	}
	fmt.Fprintln(stdout)
	if err := cfg.definition.WritePlan(stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}
