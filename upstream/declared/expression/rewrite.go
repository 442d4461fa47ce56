package expression

import (
	"fmt"

	"github.com/expr-lang/expr/ast"
)

// What becomes of a node's absence.
const (
	strict  = true  // whoever uses the value needs it: if it is absent, so is the whole
	lenient = false // the value may be nil
)

// rewriter makes absence pass through an expression. Within the program it is nil
// where something may be absent, and the error errAbsent from where it was needed
// up to the next ?? or comparison with nil, or to the end.
type rewriter struct {
	env     *Env
	program *Program
	raises  int // how many places give errAbsent
	mistake *Mistake
}

func (w *rewriter) refuse(n ast.Node, format string, args ...any) {
	if w.mistake == nil {
		w.mistake = &Mistake{n.Location().From, fmt.Sprintf(format, args...)}
	}
}

func (w *rewriter) rewrite(n *ast.Node, need bool, at scope) {
	if ref, ok := w.env.ref(*n, at.depth); ok {
		w.load(n, ref, need, at)
		return
	}
	mayBeNil := false
	switch v := (*n).(type) {
	case *ast.NilNode, *ast.PointerNode:
		mayBeNil = true
	case *ast.ChainNode:
		*n = v.Node
		w.rewrite(n, need, at)
	case *ast.MemberNode:
		w.member(n, need, at)
		if at.depth > 0 && !ofItem(v) {
			*n = call(v, fnForeign, variable(theMachine), *n)
		}
		mayBeNil = true
	case *ast.BinaryNode:
		w.binary(n, v, need, at)
	case *ast.UnaryNode:
		w.rewrite(&v.Node, strict, at)
		if v.Operator == "-" {
			*n = call(v, fnNegate, v.Node)
		}
	case *ast.ConditionalNode:
		w.rewrite(&v.Cond, strict, at)
		w.rewrite(&v.Exp1, need, at.sometimes())
		w.rewrite(&v.Exp2, need, at.sometimes())
	case *ast.SliceNode:
		each(v, func(c *ast.Node) { w.rewrite(c, strict, at) })
		*n = call(v, fnSlice, v.Node, orNil(v.From), orNil(v.To))
	case *ast.BuiltinNode:
		mayBeNil = w.builtin(n, v, at)
	case *ast.CallNode:
		w.own(v, at)
	default: // literals, and lists and objects written out
		each(v, func(c *ast.Node) { w.rewrite(c, strict, at) })
	}
	if mayBeNil && need {
		w.need(n)
	}
}

// need makes the whole absent where n is.
func (w *rewriter) need(n *ast.Node) {
	w.raises++
	*n = call(*n, fnNeed, *n)
}

func orNil(n ast.Node) ast.Node {
	if n == nil {
		return &ast.NilNode{}
	}
	return n
}

// load reads a reference. What every run needs is looked at before the program is
// run; other places look when they are reached.
func (w *rewriter) load(n *ast.Node, ref Ref, need bool, at scope) {
	ref.Needed = need && at.always
	slot := variable(w.program.slot(ref))
	slot.SetLocation((*n).Location())
	*n = slot
	if at.depth > 0 {
		*n = call(slot, fnForeign, variable(theMachine), slot)
	}
	if need && !at.always {
		w.need(n)
	}
}

// member makes x.name and x[key] a call that gives nil for what is not there, or if
// x or the key is absent.
func (w *rewriter) member(n *ast.Node, need bool, at scope) {
	if ref, ok := w.env.ref(*n, at.depth); ok {
		ref.Needed = need && at.always
		*n = variable(w.program.slot(ref))
		return
	}
	switch v := (*n).(type) {
	case *ast.ChainNode:
		*n = v.Node
		w.member(n, need, at)
	case *ast.MemberNode:
		w.key(v)
		w.member(&v.Node, need, at)
		w.rewrite(&v.Property, need, at)
		*n = call(v, fnAt, v.Node, v.Property)
	default:
		w.rewrite(n, need, at)
	}
}

// key checks the key of x[key], which prepare hid from expr's own check.
func (w *rewriter) key(v *ast.MemberNode) {
	if calls(v.Property) != fnKey {
		return
	}
	v.Property = v.Property.(*ast.CallNode).Arguments[0]
	key, of := kind(v.Property), kind(v.Node)
	switch {
	case key == unknownKind || of == unknownKind:
	case of == listKind && key != integerKind:
		w.refuse(v.Property, "a list's items have numbers, not %s", key)
	case of == objectKind && key != integerKind && key != textKind:
		w.refuse(v.Property, "an object's members have names, not %s", key)
	}
}

// prepare hides the keys of x[key] from expr's check, as it refuses an integer that
// is the key of an object: products[.id] looks up the text of the id. It makes
// first(x) and last(x) x[0] and x[-1], as expr forgets the type of those; and it gives
// a ?: a place, which for expr is after its end.
func prepare(n *ast.Node) {
	each(*n, prepare)
	switch v := (*n).(type) {
	case *ast.ConditionalNode:
		v.SetLocation(v.Cond.Location())
	case *ast.MemberNode:
		if _, constant := v.Property.(*ast.StringNode); !constant {
			v.Property = call(v.Property, fnKey, v.Property)
		}
	case *ast.BuiltinNode:
		if i, ok := ends[v.Name]; ok && len(v.Arguments) == 1 {
			*n = &ast.MemberNode{Node: v.Arguments[0], Property: &ast.IntegerNode{Value: i}}
			(*n).SetLocation(v.Location())
		}
	}
}

var ends = map[string]int{"first": 0, "last": -1}
