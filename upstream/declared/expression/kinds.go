package expression

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/types"

	"tributary/upstream/declared/shape"
)

// valueKind is what expr's check knows of a value.
type valueKind shape.Kind

const (
	unknownKind = valueKind(shape.Any)
	textKind    = valueKind(shape.Text)
	integerKind = valueKind(shape.Integer)
	numberKind  = valueKind(shape.Number)
	booleanKind = valueKind(shape.Boolean)
	objectKind  = valueKind(shape.Object)
	listKind    = valueKind(shape.List)
)

func (k valueKind) String() string { return shape.Kind(k).String() }

// scalar reports whether values of this kind compare in no time to speak of. For
// text that holds as reading a text in a predicate is counted by itself.
func (k valueKind) scalar() bool {
	return k == textKind || k == integerKind || k == numberKind || k == booleanKind
}

func kind(n ast.Node) valueKind { return kindOf(*n.Nature()) }

func kindOf(n nature.Nature) valueKind {
	switch {
	case n.IsInteger:
		return integerKind
	case n.IsFloat:
		return numberKind
	}
	switch n.Kind {
	case reflect.String:
		return textKind
	case reflect.Bool:
		return booleanKind
	case reflect.Map:
		return objectKind
	case reflect.Slice, reflect.Array:
		return listKind
	}
	return unknownKind
}

// elem is what is known of a list's items.
func elem(list ast.Node) nature.Nature {
	var cache nature.Cache
	return list.Nature().Elem(&cache)
}

// typeOf is the type of a node that expr has checked. Where the value is one of a
// part, it is the schema's own type.
func (e *Env) typeOf(n ast.Node) *shape.Type {
	if ref, ok := e.ref(n, 0); ok {
		return e.refType(ref)
	}
	switch v := n.(type) {
	case *ast.BuiltinNode:
		switch v.Name {
		case "filter":
			return e.typeOf(v.Arguments[0])
		case "find":
			if items := e.typeOf(v.Arguments[0]).Items; items != nil {
				return items
			}
		}
	case *ast.MemberNode:
		if member := memberType(e.typeOf(v.Node), v.Property); member != nil {
			return member
		}
	case *ast.CallNode:
		if calls(v) == "uniq" {
			return e.typeOf(v.Arguments[0])
		}
	}
	return typeOf(*n.Nature())
}

// memberType is the type of x.name, x[0] and x[key]; nil if nothing is known of it.
func memberType(of *shape.Type, property ast.Node) *shape.Type {
	name, constant := property.(*ast.StringNode)
	switch {
	case of.Kind == shape.Object && constant:
		return of.Field(name.Value)
	case of.Kind == shape.Object:
		return of.Rest
	}
	return of.Items
}

func typeOf(n nature.Nature) *shape.Type {
	t := &shape.Type{Kind: shape.Kind(kindOf(n))}
	var cache nature.Cache
	switch t.Kind {
	case shape.List:
		t.Items = typeOf(n.Elem(&cache))
	case shape.Object:
		t.Fields = map[string]*shape.Type{}
		if !n.Strict {
			t.Rest = typeOf(n.Elem(&cache))
		}
		if n.TypeData == nil {
			break
		}
		for name, field := range n.Fields {
			if name != types.Extra {
				t.Fields[name] = typeOf(field)
			}
		}
	}
	return t
}
