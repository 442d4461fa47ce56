// Package mutants checks that the days of package worstday can tell a gateway from one
// with a mistake in it. A mutant is a change of one line. All are built into one test
// binary, from overlays of the sources, and an environment variable says which one is on.
package mutants

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mutant is a mistake.
type Mutant struct {
	Name     string
	File     string // from the root of the module
	Old, New string // Old is in File exactly once; New says what on() switches

	Shown Load // finds it out in most runs; it is tried first
}

// Load is days of one test of package worstday: one day of a fleet, three of one gateway.
type Load struct {
	Test string
	Seed uint64
}

// The variable that says which mutant is on, and the package that reads it. The package
// is in no source tree: the overlay adds it.
const (
	Variable = "WORSTDAY_MUTANT"
	source   = "package mutant\n\nimport \"os\"\n\nvar name = os.Getenv(\"" + Variable + "\")\n\nfunc On(mutant string) bool { return name == mutant }\n"
)

// Overlay writes what `go build -overlay` reads into a folder, for sources below root,
// and returns its path. Each New has on() where the mutant's mistake is made.
func Overlay(root, folder string, mutants []Mutant) (path string, err error) {
	replace := map[string]string{}
	texts := map[string]string{}
	for _, m := range mutants {
		text, ok := texts[m.File]
		if !ok {
			b, err := os.ReadFile(filepath.Join(root, m.File))
			if err != nil {
				return "", err
			}
			text = strings.Replace(string(b), "import (", "import (\n\t\"tributary/mutant\"", 1)
		}
		if n := strings.Count(text, m.Old); n != 1 {
			return "", fmt.Errorf("%s: its old text is %d times in %s", m.Name, n, m.File)
		}
		texts[m.File] = strings.Replace(text, m.Old, strings.ReplaceAll(m.New, "on()", fmt.Sprintf("mutant.On(%q)", m.Name)), 1)
	}
	texts[filepath.Join("mutant", "mutant.go")] = source
	for file, text := range texts {
		to := filepath.Join(folder, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, file)] = to
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, b, 0o600)
}
