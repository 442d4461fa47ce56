package expression

import (
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/types"

	"tributary/upstream/declared/shape"
)

// Env is what expressions can name: parts and parameters, and in a list the item.
// It keeps what expr knows of their types, which takes longer to make than an
// expression takes to compile. It is not for concurrent use.
type Env struct {
	roots map[string]*shape.Type
	item  *shape.Type // nil: there is none
	items map[*shape.Type]*Env

	config *conf.Config // made when it is first needed
}

// NewEnv is an environment with these parts and parameters.
func NewEnv(roots map[string]*shape.Type) *Env {
	return &Env{roots: roots, items: map[*shape.Type]*Env{}}
}

// Each is the environment within a list: beside the parts and parameters, .x and #
// are the item's. It is the same one for the same type.
func (e *Env) Each(item *shape.Type) *Env {
	inner := e.items[item]
	if inner == nil {
		inner = &Env{roots: e.roots, item: item, items: e.items}
		if item == nil {
			inner.item = &shape.Type{}
		}
		e.items[item] = inner
	}
	return inner
}

// itemList is the list that the item of Each is in, as far as expr is concerned. No
// source can name it.
const itemList = "items__"

func (e *Env) expr() *conf.Config {
	if e.config != nil {
		return e.config
	}
	vars := make(types.Map, len(e.roots)+1)
	for name, t := range e.roots {
		vars[name] = t.Expr()
	}
	if e.item != nil {
		vars[itemList] = types.Array(e.item.Expr())
	}
	e.config = &conf.Config{
		Optimize:     true,
		ShortCircuit: true,
		MaxNodes:     4 * MaxNodes, // the rules count them, with a message of their own
		Builtins:     known,
		Disabled:     disabled,
		Functions:    functions,
	}
	e.config.WithEnv(vars)
	return e.config
}
