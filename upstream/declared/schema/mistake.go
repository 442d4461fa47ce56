package schema

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Mistake is one thing that is wrong with a schema, and where it stands. Without a
// File it is the reference itself that is wrong: only the caller knows its place.
type Mistake struct {
	File         string // below the loader's folder, or the name given to Inline
	Line, Column int    // from 1, in runes; 0 if the mistake concerns the whole file
	What         string
}

// String is the mistake as FILE:LINE:COLUMN: what, without the parts that are not known.
func (m Mistake) String() string {
	switch {
	case m.File == "":
		return m.What
	case m.Line == 0:
		return m.File + ": " + m.What
	}
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.What)
}

// mistakes collects mistakes, each once.
type mistakes struct {
	list []Mistake
	seen map[Mistake]bool
}

func (ms *mistakes) add(m Mistake) {
	if ms.seen[m] {
		return
	}
	if ms.seen == nil {
		ms.seen = map[Mistake]bool{}
	}
	ms.seen[m] = true
	ms.list = append(ms.list, m)
}

func (ms *mistakes) at(f *file, n *yaml.Node, format string, args ...any) {
	ms.add(Mistake{File: f.name, Line: n.Line, Column: n.Column, What: fmt.Sprintf(format, args...)})
}

// within reports whether there is a mistake at the place of n, or of one of its items.
func (ms *mistakes) within(f *file, n *yaml.Node) bool {
	at := func(m Mistake, n *yaml.Node) bool {
		return m.File == f.name && m.Line == n.Line && m.Column == n.Column
	}
	for _, m := range ms.list {
		if at(m, n) || slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return at(m, c) }) {
			return true
		}
	}
	return false
}
