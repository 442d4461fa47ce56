package schema

import (
	"encoding/json"
	"math/big"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tributary/upstream/declared/shape"
)

// kindSet are the kinds that a value can have, null left out.
type kindSet uint8

const (
	text kindSet = 1 << iota
	whole
	fraction
	boolean
	object
	list

	anyKind = text | whole | fraction | boolean | object | list
)

// kind is the one kind of a set; shape.Any if there are several, or none.
func (k kindSet) kind() shape.Kind {
	switch k {
	case text:
		return shape.Text
	case whole:
		return shape.Integer
	case fraction, whole | fraction:
		return shape.Number
	case boolean:
		return shape.Boolean
	case object:
		return shape.Object
	case list:
		return shape.List
	}
	return shape.Any
}

func kindSetOf(t *shape.Type) kindSet {
	switch t.Kind {
	case shape.Text:
		return text
	case shape.Integer:
		return whole
	case shape.Number:
		return whole | fraction
	case shape.Boolean:
		return boolean
	case shape.Object:
		return object
	case shape.List:
		return list
	}
	return anyKind
}

// kindsOf is what one schema says about the kind: by `type`, else by its values, else
// by the keywords that are for objects or lists only.
func kindsOf(s *jsonschema.Schema) kindSet {
	k := anyKind
	if s.Types != nil {
		k = 0
		for _, name := range s.Types.ToStrings() {
			k |= kindsOfNames[name]
		}
	}
	if values := allowedValues(s); len(values) > 0 {
		var of kindSet
		for _, v := range values {
			of |= kindOfValue(v)
		}
		k &= of
	}
	if k != anyKind {
		return k
	}
	switch {
	case s.Properties != nil || s.AdditionalProperties != nil || s.PatternProperties != nil || s.Required != nil:
		return object
	case s.Items2020 != nil || s.PrefixItems != nil:
		return list
	}
	return anyKind
}

var kindsOfNames = map[string]kindSet{
	"string": text, "integer": whole, "number": whole | fraction, "boolean": boolean, "object": object, "array": list,
}

func kindOfValue(v any) kindSet {
	switch v := v.(type) {
	case string:
		return text
	case bool:
		return boolean
	case map[string]any:
		return object
	case []any:
		return list
	case json.Number:
		if r, ok := new(big.Rat).SetString(string(v)); ok && r.IsInt() {
			return whole
		}
		return whole | fraction
	}
	return 0
}

// agree is the type of what is a in one place and b in another; nil is not known yet.
func agree(a, b *shape.Type) *shape.Type {
	switch {
	case a == nil || a == b:
		return b
	case numeric(a) && numeric(b) && a.Kind != b.Kind:
		return &shape.Type{Kind: shape.Number}
	case a.Kind != b.Kind || a.Kind == shape.Object || a.Kind == shape.List:
		return &shape.Type{}
	case a.Format == b.Format && a.Enum == nil && b.Enum == nil:
		return a
	}
	return &shape.Type{Kind: a.Kind}
}

func numeric(t *shape.Type) bool { return t.Kind == shape.Integer || t.Kind == shape.Number }
