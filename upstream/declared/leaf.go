package declared

import (
	"fmt"
	"slices"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/shape"
)

// leaf is a value that is copied from where a path leads, or computed by an
// expression.
type leaf struct {
	text    string // as it is written
	typ     *shape.Type
	path    *path               // nil: it is computed
	program *expression.Program // nil: it is copied
	refs    []*path             // what the program reads, in the order of its Refs
}

// roots are the roots that the leaf reads, in the order in which it names them.
func (l *leaf) roots() (all []int) {
	if l.path != nil {
		return l.path.roots(nil)
	}
	for _, r := range l.refs {
		all = r.roots(all)
	}
	return all
}

// roots appends the roots that a path reads.
func (p *path) roots(all []int) []int {
	if p.root != itemRoot {
		all = append(all, p.root)
	}
	for _, s := range p.steps {
		if s.lookup != nil {
			all = s.lookup.roots(all)
		}
	}
	return all
}

// leaf compiles a path or an expression. item is the type of ".", nil outside each. It
// returns nil after a mistake.
func (r *reader) leaf(n *names, s scalar, where string, item *shape.Type) *leaf {
	if p, ok := expression.ParsePath(s.text); ok {
		if resolved, ok := n.resolve(p, item); ok {
			return &leaf{text: s.text, typ: resolved.typ, path: resolved}
		}
	}
	env := n.expressions()
	if item != nil {
		env = env.Each(item)
	}
	program, wrong := env.Compile(s.text)
	switch {
	case wrong != nil && n.mentionsRefused(s.text):
		return nil // it may be right once the name is
	case wrong != nil:
		r.mistakeIn(s, wrong.Offset, where, "%s%s", wrong.Rule, r.hint(n, s, item))
		return nil
	}
	l := &leaf{text: s.text, typ: program.Type, program: program}
	for _, ref := range program.Refs {
		p := expression.Path{Root: ref.Root}
		for _, key := range ref.Path {
			p.Steps = append(p.Steps, expression.Step{Key: key})
		}
		resolved, ok := n.resolve(p, item)
		if !ok { // the checker of expressions has seen the same types
			r.mistakeIn(s, 0, where, "%s.%v cannot be read", ref.Root, ref.Path)
			return nil
		}
		l.refs = append(l.refs, resolved)
	}
	return l
}

// hint is what may have gone wrong with a leaf that does not compile.
func (r *reader) hint(n *names, s scalar, item *shape.Type) string {
	p, isPath := expression.ParsePath(s.text)
	switch {
	case s.comment && s.plain():
		return cutHint(s)
	case !isPath:
		return ""
	case p.Root != "" && n.roots[p.Root].typ == nil && s.quoted() && len(p.Steps) == 0:
		return fmt.Sprintf(` (a constant text is written '"%s"')`, s.text)
	case p.Root != "" && n.roots[p.Root].typ == nil:
		return didYouMean(p.Root, n.known())
	}
	return n.memberHint(p, item)
}

// memberHint is the nearest name for the first member of a path that is not known.
func (n *names) memberHint(p expression.Path, item *shape.Type) string {
	for i := range p.Steps {
		before, ok := n.resolve(expression.Path{Root: p.Root, Steps: p.Steps[:i]}, item)
		if !ok {
			break
		}
		if _, ok := n.resolve(expression.Path{Root: p.Root, Steps: p.Steps[:i+1]}, item); !ok && before.typ.Kind == shape.Object {
			var fields []string
			for name := range before.typ.Fields {
				fields = append(fields, name)
			}
			slices.Sort(fields)
			return didYouMean(p.Steps[i].Key, fields)
		}
	}
	return ""
}
