// Package shape has the types of values in declared endpoints: what a JSON Schema
// says about an answer, as far as expressions, the simulator and the API's own
// description need it.
package shape

import "github.com/expr-lang/expr/types"

// Kind is what a value is.
type Kind uint8

// The kinds. Any is a value of which nothing is known before it arrives.
const (
	Any Kind = iota
	Text
	Integer // 64 bits
	Number
	Boolean
	Object
	List
)

var kindNames = [...]string{"any value", "text", "an integer", "a number", "a boolean", "an object", "a list"}

// String names the kind in words, for messages.
func (k Kind) String() string { return kindNames[k] }

// Type is the type of a value that is there. Null is absent, so no type has it.
// Types may be recursive, and are not changed once made.
type Type struct {
	Kind Kind

	Fields map[string]*Type // of an object, by name
	Rest   *Type            // of an object's other members; nil: there are none
	Items  *Type            // of a list; nil: any

	// What a description of the API can say beyond the kind.
	Format      string
	Description string
	Enum        []any
}

// maxDepth bounds how deep a recursive type is unrolled for expressions; below it
// every value is any.
const maxDepth = 16

// Expr is the type in the terms of expr's checker. Where a type contains itself, it
// is any at the second turn.
func (t *Type) Expr() types.Type { return t.expr(nil) }

func (t *Type) expr(above []*Type) types.Type {
	if t == nil || len(above) > maxDepth {
		return types.Any
	}
	for _, a := range above {
		if a == t {
			return types.Any
		}
	}
	above = append(above, t)
	switch t.Kind {
	case Text:
		return types.String
	case Integer:
		return types.Int
	case Number:
		return types.Float64
	case Boolean:
		return types.Bool
	case List:
		return types.Array(t.Items.expr(above))
	case Object:
		members := make(types.Map, len(t.Fields)+1)
		for name, field := range t.Fields {
			members[name] = field.expr(above)
		}
		if t.Rest != nil {
			members[types.Extra] = t.Rest.expr(above)
		}
		return members
	}
	return types.Any
}

// Field is the type of an object's member; nil if the object cannot have it.
func (t *Type) Field(name string) *Type {
	switch {
	case t.Kind == Any:
		return t
	case t.Kind != Object:
		return nil
	}
	if f := t.Fields[name]; f != nil {
		return f
	}
	return t.Rest
}
