package expression

import (
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"

	"tributary/upstream/declared/shape"
)

// ref is what n reads if it is a name, or the item of Each, and nothing but constant
// names of members after it.
func (e *Env) ref(n ast.Node, depth int) (Ref, bool) {
	switch v := n.(type) {
	case *ast.IdentifierNode:
		return Ref{Root: v.Value}, e.roots[v.Value] != nil
	case *ast.PointerNode:
		return Ref{}, e.item != nil && depth == 0
	case *ast.ChainNode:
		return e.ref(v.Node, depth)
	case *ast.MemberNode:
		name, constant := v.Property.(*ast.StringNode)
		if !constant {
			return Ref{}, false
		}
		of, ok := e.ref(v.Node, depth)
		of.Path = append(of.Path, name.Value)
		return of, ok
	}
	return Ref{}, false
}

// slot is the variable that has the reference's value when the program runs.
func (p *Program) slot(ref Ref) string {
	i := slices.IndexFunc(p.Refs, func(r Ref) bool { return r.Root == ref.Root && slices.Equal(r.Path, ref.Path) })
	if i < 0 {
		i = len(p.Refs)
		p.Refs = append(p.Refs, ref)
	}
	p.Refs[i].Needed = p.Refs[i].Needed || ref.Needed
	return slots[i]
}

var slots = func() (names [MaxNodes]string) {
	for i := range names {
		names[i] = " " + strconv.Itoa(i)
	}
	return names
}()

// refType is the type of what a reference reads, as its schema has it.
func (e *Env) refType(ref Ref) *shape.Type {
	t := e.item
	if ref.Root != "" {
		t = e.roots[ref.Root]
	}
	for _, name := range ref.Path {
		if t == nil {
			break
		}
		t = t.Field(name)
	}
	if t == nil {
		return &shape.Type{}
	}
	return t
}
