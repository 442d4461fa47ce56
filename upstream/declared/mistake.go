package declared

import (
	"cmp"
	"fmt"
	"slices"
)

// Mistake is one thing that is wrong in the file, or in a schema that it names. Line
// and Column count from 1; the column is in characters.
type Mistake struct {
	File         string
	Line, Column int
	Where        string // the path of keys, "endpoints./v1/orders/{id}.data.total"
	What         string
}

// String is FILE:LINE:COLUMN: where: what.
func (m Mistake) String() string {
	if m.Where == "" {
		return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.What)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", m.File, m.Line, m.Column, m.Where, m.What)
}

// mistakes collects what is wrong.
type mistakes []Mistake

func (m mistakes) sorted() []Mistake { return Sorted(m) }

// Sorted returns mistakes by file and place, none twice.
func Sorted(m []Mistake) []Mistake {
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(m)
}
