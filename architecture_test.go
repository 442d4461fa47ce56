package tributary_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The drawing of the imports in docs/architecture.md is what the code does.
func TestImportsAreAsDrawn(t *testing.T) {
	page, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []string
	for _, m := range regexp.MustCompile(`(?m)^  (\S+) --> (\S+)$`).FindAllStringSubmatch(string(page), -1) {
		drawn = append(drawn, m[1]+" --> "+m[2])
	}
	slices.Sort(drawn)
	found := imports(t)
	for _, arrow := range found {
		if !slices.Contains(drawn, arrow) {
			t.Errorf("the code has an import that is not drawn: %s", arrow)
		}
	}
	for _, arrow := range drawn {
		if !slices.Contains(found, arrow) {
			t.Errorf("an import is drawn that the code does not have: %s", arrow)
		}
	}
}

// imports are the arrows between our packages, without tests and what only
// tests use. All packages below cmd/tributary are one.
func imports(t *testing.T) (arrows []string) {
	t.Helper()
	room := func(path string) string {
		if strings.HasPrefix(path, "cmd/tributary") {
			return "cmd/tributary"
		}
		return path
	}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		from := room(filepath.ToSlash(filepath.Dir(path)))
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(from, "test") || from == "." {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			to, ours := strings.CutPrefix(name, "tributary/")
			if to = room(to); ours && to != from {
				arrows = append(arrows, from+" --> "+to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(arrows)
	return slices.Compact(arrows)
}
