package expression

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// attempt is a part of an expression whose absence is not the whole's: the left side
// of ??, or what is compared with nil. It is a program of its own, as errAbsent ends
// the program in which it comes up.
type attempt struct{ main *vm.Program }

// try makes n nil where it is absent.
func (w *rewriter) try(n *ast.Node, at scope) {
	before := w.raises
	w.rewrite(n, lenient, at.sometimes())
	if w.raises == before || w.mistake != nil {
		return // nothing in it gives errAbsent
	}
	w.raises = before
	var item ast.Node = &ast.NilNode{}
	if at.depth > 0 {
		item = &ast.PointerNode{}
		passItem(n)
	}
	main, err := compiler.Compile(bare(&parser.Tree{}, *n), w.env.expr())
	if err != nil {
		w.refuse(*n, "cannot be compiled")
		return
	}
	*n = call(*n, fnTry, variable(theMachine), &ast.ConstantNode{Value: &attempt{main}}, item)
}

// passItem replaces the item of the predicate around an attempt by a variable. The
// items of predicates within the attempt stay.
func passItem(n *ast.Node) {
	switch (*n).(type) {
	case *ast.PredicateNode:
	case *ast.PointerNode:
		*n = variable(theItem)
	default:
		each(*n, passItem)
	}
}

// run is the value of an attempt, nil if it is absent.
func (a *attempt) run(m *machine, item any) (any, error) {
	outer := m.env[theItem]
	m.env[theItem] = item
	defer func() { m.env[theItem] = outer }()
	return m.run(a.main)
}
