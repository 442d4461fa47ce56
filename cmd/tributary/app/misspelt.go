package app

import (
	"os"
	"slices"
	"strings"

	"tributary/upstream/declared/schema"
)

// misspelt is a variable of the environment that looks like one of ours and is none.
type misspelt struct {
	name string
	like string // the variable that it looks like; empty: it only begins like those of an upstream
}

func (m misspelt) String() string {
	if m.like == "" {
		return "is none of the gateway's variables, so it has no effect"
	}
	return "is none of the gateway's variables, so it has no effect: did you mean " + m.like + "?"
}

// misspeltVariables looks for names in the process's environment, in alphabetical order,
// that somebody may have meant for the gateway. Names only: no value is read.
func (cfg *config) misspeltVariables() (found []misspelt) {
	known := cfg.environmentNames()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(known, name) || others(name) {
			continue
		}
		like := schema.Nearest(name, slices.Values(known))
		ours := slices.ContainsFunc(providers, func(p provider) bool { return strings.HasPrefix(name, p.variable("")) })
		if like != "" || ours {
			found = append(found, misspelt{name, like})
		}
	}
	slices.SortFunc(found, func(a, b misspelt) int { return strings.Compare(a.name, b.name) })
	return found
}

// environmentNames are the names that have a meaning for the gateway.
func (cfg *config) environmentNames() (names []string) {
	for _, v := range cfg.variables() {
		names = append(names, v.name)
		if v.secret {
			names = append(names, v.name+"_FILE")
		}
	}
	return names
}

// others reports whether a name belongs to something else for sure: OpenTelemetry, whose
// variables are checked elsewhere, GitHub's runners, and the service links of Docker and
// Kubernetes.
func others(name string) bool {
	for _, prefix := range []string{"OTEL_", "GITHUB_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.HasSuffix(name, "_SERVICE_HOST") || strings.Contains(name, "_SERVICE_PORT") || strings.HasSuffix(name, "_PORT") || strings.Contains(name, "_PORT_")
}
