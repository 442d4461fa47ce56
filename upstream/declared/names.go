package declared

import (
	"maps"
	"regexp"
	"slices"
	"sync"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/shape"
)

// names is what paths and expressions can refer to at one place of the file.
type names struct {
	roots   map[string]root
	refused map[string]bool // names that have mistakes of their own: known, but unusable
	env     *expression.Env // of roots; made when it is first needed
}

// root is where a path begins.
type root struct {
	index int // among the values of a request; see values
	typ   *shape.Type
	batch bool // its members are looked up by key: part[path]
}

// newNames are names to which more can be added until the first expression is
// compiled.
func newNames(roots map[string]root) *names {
	if roots == nil {
		roots = make(map[string]root)
	}
	return &names{roots: roots, refused: make(map[string]bool)}
}

func (n *names) refuse(name string) { n.refused[name] = true }

func (n *names) has(name string) bool { return n.roots[name].typ != nil || n.refused[name] }

// expressions is the environment of expressions.
func (n *names) expressions() *expression.Env {
	if n.env == nil {
		types := make(map[string]*shape.Type, len(n.roots))
		for name, r := range n.roots {
			types[name] = r.typ
		}
		n.env = expression.NewEnv(types)
	}
	return n.env
}

// mentionsRefused reports whether a leaf may read a name that is unusable.
func (n *names) mentionsRefused(text string) bool {
	if len(n.refused) == 0 {
		return false
	}
	words := wordForm().FindAllString(text, -1)
	return slices.ContainsFunc(words, func(word string) bool { return n.refused[word] })
}

// wordForm is a name; that of a member begins with its point. It is compiled at its first
// use, because Unicode's tables make that slow.
var wordForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\.?[\pL_][\pL\pN_]*`) })

// itemRoot is the index of the item of a list.
const itemRoot = -1

// path is a path whose root is known.
type path struct {
	root  int // itemRoot: the item
	steps []step
	typ   *shape.Type
}

// step is one step of a path: to a member, to an item, or to the item of a batch whose
// key another path has.
type step struct {
	key    string
	index  int
	kind   stepKind
	lookup *path
}

type stepKind uint8

const (
	toMember stepKind = iota
	toIndex
	toLookup
)

// resolve finds the root of a path and the type of where it leads. ok is false if
// there is no such place.
func (n *names) resolve(p expression.Path, item *shape.Type) (_ *path, ok bool) {
	from := root{index: itemRoot, typ: item}
	if p.Root != "" {
		if from, ok = n.roots[p.Root]; !ok {
			return nil, false
		}
	} else if item == nil {
		return nil, false
	}
	resolved := &path{root: from.index, typ: from.typ}
	for i, s := range p.Steps {
		var next *shape.Type
		at := step{key: s.Key, index: s.Index}
		switch {
		case s.Kind == expression.ByLookup:
			at.kind = toLookup
			if at.lookup, ok = n.resolve(*s.Lookup, item); !ok || !from.batch || i > 0 || !isKey(at.lookup.typ) {
				return nil, false
			}
			next = resolved.typ.Rest
		case s.Kind == expression.ByIndex:
			at.kind = toIndex
			next = itemsOf(resolved.typ)
		default:
			next = resolved.typ.Field(s.Key)
		}
		if next == nil {
			return nil, false
		}
		resolved.steps = append(resolved.steps, at)
		resolved.typ = next
	}
	return resolved, true
}

// itemsOf is the type of a list's items; nil if the type is no list.
func itemsOf(t *shape.Type) *shape.Type {
	switch {
	case t.Kind == shape.Any:
		return t
	case t.Kind != shape.List:
		return nil
	case t.Items == nil:
		return &shape.Type{}
	}
	return t.Items
}

// isKey reports whether a value of the type can be the key of a batch's item.
func isKey(t *shape.Type) bool {
	return t.Kind == shape.Text || t.Kind == shape.Integer || t.Kind == shape.Any
}

// known are all names, sorted.
func (n *names) known() []string { return slices.Sorted(maps.Keys(n.roots)) }
