package expression

import "github.com/expr-lang/expr/ast"

// each calls f with each child of n, which f may replace.
func each(n ast.Node, f func(*ast.Node)) {
	switch n := n.(type) {
	case *ast.UnaryNode:
		f(&n.Node)
	case *ast.BinaryNode:
		f(&n.Left)
		f(&n.Right)
	case *ast.ChainNode:
		f(&n.Node)
	case *ast.MemberNode:
		f(&n.Node)
		f(&n.Property)
	case *ast.SliceNode:
		f(&n.Node)
		if n.From != nil {
			f(&n.From)
		}
		if n.To != nil {
			f(&n.To)
		}
	case *ast.CallNode:
		f(&n.Callee)
		all(n.Arguments, f)
	case *ast.BuiltinNode:
		all(n.Arguments, f)
	case *ast.PredicateNode:
		f(&n.Node)
	case *ast.VariableDeclaratorNode:
		f(&n.Value)
		f(&n.Expr)
	case *ast.SequenceNode:
		all(n.Nodes, f)
	case *ast.ConditionalNode:
		f(&n.Cond)
		f(&n.Exp1)
		f(&n.Exp2)
	case *ast.ArrayNode:
		all(n.Nodes, f)
	case *ast.MapNode:
		all(n.Pairs, f)
	case *ast.PairNode:
		f(&n.Key)
		f(&n.Value)
	}
}

func all(nodes []ast.Node, f func(*ast.Node)) {
	for i := range nodes {
		f(&nodes[i])
	}
}

// call is a call of one of the hidden functions in place of n.
func call(n ast.Node, name string, args ...ast.Node) ast.Node {
	c := &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args}
	c.SetLocation(n.Location())
	return c
}

func variable(name string) ast.Node { return &ast.IdentifierNode{Value: name} }

// calls is the name of the function that n calls; "" if it does not call one.
func calls(n ast.Node) string {
	if c, ok := n.(*ast.CallNode); ok {
		if callee, ok := c.Callee.(*ast.IdentifierNode); ok {
			return callee.Value
		}
	}
	return ""
}

// count is how many nodes there are.
func count(n ast.Node) int {
	nodes := 1
	each(n, func(c *ast.Node) { nodes += count(*c) })
	return nodes
}
