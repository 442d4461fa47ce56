package expression

import (
	"fmt"

	"github.com/expr-lang/expr/ast"
)

// scope is where a node of an expression stands.
type scope struct {
	depth  int  // how many predicates it is in
	always bool // every run evaluates it
}

// sometimes is the scope of what is evaluated only in some runs.
func (s scope) sometimes() scope { return scope{depth: s.depth} }

// rules refuses what expr can do and an expression here cannot.
type rules struct {
	env     *Env
	nodes   int
	mistake *Mistake // the first one
}

func (r *rules) refuse(n ast.Node, format string, args ...any) {
	if r.mistake == nil {
		r.mistake = &Mistake{n.Location().From, fmt.Sprintf(format, args...)}
	}
}

func (r *rules) check(n ast.Node, at scope) {
	if r.nodes++; r.nodes > MaxNodes {
		r.refuse(n, "more than %d operands, operators and calls", MaxNodes)
	}
	if r.mistake != nil {
		return
	}
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if n.Value == "$env" || r.env.roots[n.Value] == nil {
			r.refuse(n, "unknown name %s", n.Value)
		}
	case *ast.PointerNode:
		if n.Name != "" {
			r.refuse(n, "#%s cannot be used here", n.Name)
		}
	case *ast.BytesNode:
		r.refuse(n, "bytes cannot be used here")
	case *ast.SequenceNode:
		r.refuse(n.Nodes[1], "more than one expression")
	case *ast.VariableDeclaratorNode:
		r.refuse(n, "let cannot be used here")
	case *ast.BinaryNode:
		r.operator(n)
	case *ast.MemberNode:
		if _, name := n.Property.(*ast.StringNode); name {
			r.check(n.Node, at)
			return
		}
	case *ast.ConditionalNode:
		if n.Cond == n.Exp1 {
			r.refuse(n.Cond, "?: without a value between ? and :")
		}
	case *ast.BuiltinNode:
		r.builtin(n, at)
		return
	case *ast.CallNode:
		r.call(n)
		for _, argument := range n.Arguments {
			r.check(argument, at)
		}
		return
	}
	each(n, func(c *ast.Node) { r.check(*c, at) })
}

func (r *rules) operator(n *ast.BinaryNode) {
	switch n.Operator {
	case "..":
		r.refuse(n, "ranges (..) cannot be used here")
	case "matches":
		if _, ok := n.Right.(*ast.StringNode); !ok {
			r.refuse(n, "matches takes a constant pattern")
		}
	case "&&":
		// expr uses b twice for a < b < c, and rewriting it twice is not the same.
		right, ok := n.Right.(*ast.BinaryNode)
		if ok && last(n.Left) == right.Left {
			r.refuse(n, "a < b < c cannot be used here: a < b and b < c can")
		}
	}
}

// last is the right side of a comparison, or of the last one in a chain.
func last(n ast.Node) ast.Node {
	b, ok := n.(*ast.BinaryNode)
	if ok && b.Operator == "&&" {
		return last(b.Right)
	} else if ok {
		return b.Right
	}
	return nil
}

func (r *rules) call(n *ast.CallNode) {
	name := calls(n)
	_, ours := own[name]
	switch {
	case ours && r.env.roots[name] == nil:
	case name == "":
		r.refuse(n, "methods cannot be called")
	case r.env.roots[name] != nil:
		r.refuse(n, "%s is not a function", name)
	default:
		r.refuse(n, "unknown function %s", name)
	}
}

// builtin checks a function of expr. expr reads those that take a predicate even
// when they are disabled.
func (r *rules) builtin(n *ast.BuiltinNode, at scope) {
	if !builtins[n.Name] {
		r.refuse(n, "unknown function %s", n.Name)
	}
	for _, argument := range n.Arguments {
		predicate, ok := argument.(*ast.PredicateNode)
		if !ok {
			r.check(argument, at)
			continue
		}
		if at.depth > 0 && !ofItem(n.Arguments[0]) {
			r.refuse(n, "%s within another predicate takes a list of the item: this one is walked anew for each item", n.Name)
		}
		r.check(predicate.Node, scope{depth: at.depth + 1})
	}
}

// ofItem reports whether a list is one of the item's own, or made from one.
func ofItem(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.PointerNode:
		return true
	case *ast.MemberNode:
		return ofItem(n.Node)
	case *ast.ChainNode:
		return ofItem(n.Node)
	case *ast.SliceNode:
		return ofItem(n.Node)
	case *ast.BuiltinNode:
		return (n.Name == "filter" || n.Name == "map") && ofItem(n.Arguments[0])
	case *ast.CallNode:
		name := calls(n)
		return (name == "uniq" || name == "split") && len(n.Arguments) > 0 && ofItem(n.Arguments[0])
	case *ast.BinaryNode:
		empty, ok := n.Right.(*ast.ArrayNode)
		return n.Operator == "??" && ok && len(empty.Nodes) == 0 && ofItem(n.Left)
	}
	return false
}
