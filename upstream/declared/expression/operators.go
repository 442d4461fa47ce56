package expression

import "github.com/expr-lang/expr/ast"

// arithmetic are the operators that are functions of ours: expr's integers wrap
// around, and its numbers become infinite.
var arithmetic = map[string]string{
	"+": fnAdd, "-": fnSubtract, "*": fnMultiply, "/": fnDivide, "%": fnModulo, "**": fnPower, "^": fnPower,
}

func (w *rewriter) binary(n *ast.Node, v *ast.BinaryNode, need bool, at scope) {
	switch v.Operator {
	case "??":
		w.try(&v.Left, at)
		w.rewrite(&v.Right, need, at.sometimes())
		return
	case "==", "!=":
		if isNil(v.Left) || isNil(v.Right) {
			w.try(&v.Left, at)
			w.try(&v.Right, at)
			return
		}
	}
	own := ofItem(v.Left)
	scalars := kind(v.Left).scalar() || kind(v.Right).scalar()
	right := at
	switch v.Operator {
	case "and", "&&", "or", "||":
		right = at.sometimes()
	}
	w.rewrite(&v.Left, strict, at)
	w.rewrite(&v.Right, strict, right)
	if v.Operator == "matches" && at.depth > 0 && !own {
		v.Left = call(v.Left, fnPattern, variable(theMachine), v.Left)
	}
	switch f := arithmetic[v.Operator]; {
	case f != "":
		*n = call(v, f, variable(theMachine), v.Left, v.Right)
	case v.Operator == "in":
		*n = call(v, fnIn, variable(theMachine), v.Left, v.Right)
	case v.Operator == "==" && !scalars:
		*n = call(v, fnEqual, variable(theMachine), v.Left, v.Right)
	case v.Operator == "!=" && !scalars:
		*n = &ast.UnaryNode{Operator: "not", Node: call(v, fnEqual, variable(theMachine), v.Left, v.Right)}
	}
}

func isNil(n ast.Node) bool {
	_, ok := n.(*ast.NilNode)
	return ok
}

// ours are the functions that replace expr's, as those have Go's formats and the
// value in their errors, count bytes, or walk lists whose length nobody counts.
var ours = map[string]string{
	"abs": fnAbs, "int": fnInt, "float": fnFloat, "string": fnString, "indexOf": fnIndexOf,
	"max": fnMax, "min": fnMin,
}

// absentIfEmpty are the functions that have no result for an empty list.
var absentIfEmpty = set("find max min")

// builtin reports whether the result may be nil.
func (w *rewriter) builtin(n *ast.Node, v *ast.BuiltinNode, at scope) bool {
	if v.Name == "string" && (kind(v.Arguments[0]) == listKind || kind(v.Arguments[0]) == objectKind) {
		w.refuse(v.Arguments[0], "string takes a number, a boolean or text, not %s", kind(v.Arguments[0]))
	}
	for i := range v.Arguments {
		if predicate, ok := v.Arguments[i].(*ast.PredicateNode); ok {
			w.predicate(predicate, at)
			continue
		}
		certain := kind(v.Arguments[i]) == listKind
		w.rewrite(&v.Arguments[i], strict, at)
		if walks[v.Name] {
			v.Arguments[i] = list(v.Arguments[i], certain, at)
		}
	}
	switch {
	case v.Name == "sum":
		items := v.Arguments[0]
		if len(v.Arguments) == 2 {
			items = &ast.BuiltinNode{Name: "map", Arguments: v.Arguments}
		}
		w.raises++
		*n = call(v, fnSum, variable(theMachine), items)
	case ours[v.Name] != "":
		w.raises++
		*n = call(v, ours[v.Name], append([]ast.Node{variable(theMachine)}, v.Arguments...)...)
	}
	return absentIfEmpty[v.Name]
}

// walks are the functions that take a list and mostly a predicate.
var walks = set("all none any one filter map find count sum")

// list makes sure that n is one: expr would walk the bytes of a text. Within another
// predicate each walk is counted, as expr keeps a scope of each until the run ends.
func list(n ast.Node, certain bool, at scope) ast.Node {
	switch {
	case at.depth > 0:
		return call(n, fnWalk, variable(theMachine), n)
	case !certain:
		return call(n, fnList, n)
	}
	return n
}

// predicate is evaluated for each item, so never if there is none. Within another
// one, its steps are counted.
func (w *rewriter) predicate(v *ast.PredicateNode, at scope) {
	steps := count(v.Node)
	w.rewrite(&v.Node, strict, scope{depth: at.depth + 1})
	if at.depth > 0 {
		v.Node = call(v.Node, fnStep, variable(theMachine), v.Node, &ast.IntegerNode{Value: steps})
	}
}

// own calls one of the functions that expr has otherwise.
func (w *rewriter) own(v *ast.CallNode, at scope) {
	name := calls(v)
	if list := v.Arguments[0]; name == "join" && kind(list) == listKind {
		if item := kindOf(elem(list)); item != textKind && item != unknownKind {
			w.refuse(list, "join takes a list of text, not of %s: map(…, string(#)) makes one", item)
		}
	}
	for i := range v.Arguments {
		w.rewrite(&v.Arguments[i], strict, at)
	}
	w.raises++
	v.Callee = variable(ownPrefix + name)
	v.Arguments = append([]ast.Node{variable(theMachine)}, v.Arguments...)
}
