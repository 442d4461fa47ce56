package expression

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/parser/utils"
)

// Path says where a value is, without computing anything: it is copied as it came.
type Path struct {
	Root  string // a part or a parameter; "" is the item
	Steps []Step
}

// Step leads from a value to one in it. Its Kind says which of the other fields it is.
type Step struct {
	Kind   StepKind
	Key    string // ByKey
	Index  int    // ByIndex, from 0
	Lookup *Path  // ByLookup: the key is the value that is there

	Offset int // where it begins, in characters from the start of the source
}

// StepKind says how a step finds its value.
type StepKind uint8

// The kinds of steps: .key and ["key"], [0], [other.path].
const (
	ByKey StepKind = iota
	ByIndex
	ByLookup
)

// ParsePath reads a path: name(.name | ["any key"] | [number] | [path])*, or the same
// with a dot in place of the first name, for the item. ok is false if src is not a
// path; it may still be an expression.
func ParsePath(src string) (p Path, ok bool) {
	r := pathReader{src: src, rest: src}
	p, ok = r.path()
	return p, ok && r.rest == ""
}

// String is the path as ParsePath reads it.
func (p Path) String() string {
	s := p.Root
	if s == "" && (len(p.Steps) == 0 || !p.Steps[0].dotted()) {
		s = "."
	}
	for _, step := range p.Steps {
		switch {
		case step.dotted():
			s += "." + step.Key
		case step.Kind == ByKey:
			s += "[" + quote(step.Key) + "]"
		case step.Kind == ByIndex:
			s += "[" + strconv.Itoa(step.Index) + "]"
		default:
			s += "[" + step.Lookup.String() + "]"
		}
	}
	return s
}

// dotted reports whether the step can be written .name.
func (s Step) dotted() bool { return s.Kind == ByKey && utils.IsValidIdentifier(s.Key) }

var (
	quoteKey   = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	unquoteKey = strings.NewReplacer(`\\`, `\`, `\"`, `"`)
)

func quote(key string) string { return `"` + quoteKey.Replace(key) + `"` }

// maxLookups is how many lookups may stand in each other's keys.
const maxLookups = 8

type pathReader struct {
	src, rest string
	lookups   int
}

// offset is where the rest begins.
func (r *pathReader) offset() int {
	return utf8.RuneCountInString(r.src[:len(r.src)-len(r.rest)])
}

func (r *pathReader) path() (p Path, ok bool) {
	if !r.skip(".") {
		if p.Root, ok = r.name(); !ok || Reserved(p.Root) || p.Root == "$env" {
			return p, false
		}
	} else if name, ok := r.name(); ok {
		p.Steps = append(p.Steps, Step{Key: name, Offset: r.offset() - utf8.RuneCountInString(name)})
	}
	for {
		step, more, ok := r.step()
		if !ok || !more {
			return p, ok
		}
		p.Steps = append(p.Steps, step)
	}
}

// step reads a step if there is one more. The end of a path is up to who reads it.
func (r *pathReader) step() (s Step, more, ok bool) {
	dot, bracket := r.skip("."), r.skip("[")
	at := r.offset()
	switch {
	case dot && !bracket:
		s.Key, ok = r.name()
	case bracket && !dot:
		s, ok = r.bracket()
		ok = ok && r.skip("]")
	default:
		return s, false, !dot
	}
	s.Offset = at
	return s, true, ok
}

func (r *pathReader) bracket() (s Step, ok bool) {
	switch {
	case r.skip(`"`):
		s.Key, ok = r.key()
		return s, ok
	case r.rest != "" && '0' <= r.rest[0] && r.rest[0] <= '9':
		digits := r.take(func(c rune) bool { return '0' <= c && c <= '9' })
		i, err := strconv.Atoi(digits)
		return Step{Kind: ByIndex, Index: i}, err == nil
	}
	if r.lookups++; r.lookups > maxLookups {
		return s, false
	}
	key, ok := r.path()
	return Step{Kind: ByLookup, Lookup: &key}, ok
}

// key reads a quoted key up to its end. \" and \\ are the only escapes.
func (r *pathReader) key() (string, bool) {
	for i := 0; i < len(r.rest); i++ {
		switch r.rest[i] {
		case '\\':
			if i++; i == len(r.rest) || r.rest[i] != '"' && r.rest[i] != '\\' {
				return "", false
			}
		case '"':
			quoted := r.rest[:i]
			r.rest = r.rest[i+1:]
			return unquoteKey.Replace(quoted), true
		}
	}
	return "", false
}

func (r *pathReader) name() (string, bool) {
	before := r.rest
	name := r.take(utils.IsAlphaNumeric)
	if !utils.IsValidIdentifier(name) {
		r.rest = before
		return "", false
	}
	return name, true
}

// take is the beginning of the rest for which all characters are in a set.
func (r *pathReader) take(in func(rune) bool) string {
	end := strings.IndexFunc(r.rest, func(c rune) bool { return !in(c) })
	if end < 0 {
		end = len(r.rest)
	}
	taken := r.rest[:end]
	r.rest = r.rest[end:]
	return taken
}

func (r *pathReader) skip(prefix string) bool {
	rest, ok := strings.CutPrefix(r.rest, prefix)
	if ok {
		r.rest = rest
	}
	return ok
}
