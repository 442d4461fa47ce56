// Package expression has the paths and expressions of declared endpoints. A path
// copies a value; an expression computes one, in the language of
// github.com/expr-lang/expr, with four differences:
//
//   - What is computed from something absent is absent. In expr itself nil != "x" is
//     true, and string(nil) is "<nil>".
//   - The functions are those listed in names.go. Each takes time in proportion to
//     its arguments, and text is never longer than MaxText.
//   - Arithmetic that overflows, or divides by zero, is an error.
//   - Lengths and positions in text count characters.
//
// Absence: an operator, a function and a list or an object written out are absent
// when one of their operands is. In particular:
//
//   - a ?? b is b when a is absent, also when a is computed from something absent;
//   - a == nil and a != nil ask whether a is absent;
//   - c ? a : b needs c and the branch that is taken;
//   - "false and x" and "true or x" do not need x; "x and false" is absent when x is;
//   - a member of something absent, and an item beyond the end of a list, are absent;
//   - in all, any, map and the others, an item for which the predicate is absent
//     makes the whole absent; over an empty list the predicate needs nothing.
package expression

import (
	"github.com/expr-lang/expr/vm"

	"tributary/upstream/declared/shape"
)

// Limits of an expression.
const (
	MaxSource = 4096     // characters
	MaxNodes  = 200      // operands, operators and calls
	MaxText   = 64 << 10 // bytes of a text that it builds

	// maxWork bounds the items walked and the bytes of text read and built where one
	// run could multiply them: a predicate that reads a list or a text of another
	// part, for each item of its own list.
	maxWork = 8 << 20
)

// Program is an expression, checked and compiled. Any number of goroutines may run
// it at once.
type Program struct {
	Refs []Ref       // what it reads, each once
	Type *shape.Type // of the result, as far as it is known; never nil

	main  *vm.Program
	nodes int
}

// Ref is a value that an expression reads: a part, a parameter or the item, and
// the names of members from there on.
type Ref struct {
	Root string // "" is the item
	Path []string

	// Needed is set if the expression is absent whenever this value is.
	Needed bool
}

// Steps is the size of the expression: how many operands, operators and calls it
// has. Each is evaluated at most once in a run, those of a predicate once an item.
func (p *Program) Steps() int { return p.nodes }

// Lookup is what a part may be whose members are many: an expression asks for those
// that it needs, and nil means that there is none. Other operations than x[key] on
// a Lookup, and key in x, fail.
type Lookup interface {
	Lookup(key string) (any, error)
}

// Mistake is what is wrong with an expression.
type Mistake struct {
	Offset int // in characters from the start of the source
	Rule   string
}

// Error is the rule. The offset is for whoever knows where the source stands.
func (m *Mistake) Error() string { return m.Rule }
