package app_test

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// docs/dependencies.md says of each direct dependency why it is there.
func TestDependenciesAreExplained(t *testing.T) {
	required := matchesIn(t, "../../../go.mod", `(?m)^\t(\S+) v\S+$`) // lines of indirect ones end in a comment
	explained := matchesIn(t, "../../../docs/dependencies.md", "(?m)^- `([^`]+)`: \\S")
	if len(required) == 0 || !slices.Equal(explained, required) {
		t.Errorf("docs/dependencies.md explains\n%q\nwant what go.mod requires directly\n%q", explained, required)
	}
}

// matchesIn returns what the pattern's group matches in a file, sorted.
func matchesIn(t *testing.T, file, pattern string) (found []string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(b, -1) {
		found = append(found, string(m[1]))
	}
	slices.Sort(found)
	return found
}
