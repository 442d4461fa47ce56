package schema_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"tributary/upstream/declared/shape"
)

// show writes a type in one line; a type within itself is ^.
func show(t *shape.Type, above ...*shape.Type) string {
	if slices.Contains(above, t) {
		return "^"
	}
	above = append(above, t)
	var b strings.Builder
	switch {
	case t == nil:
		return "any"
	case t.Kind == shape.Object:
		var members []string
		for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
			members = append(members, name+":"+show(t.Fields[name], above...))
		}
		if t.Rest != nil {
			members = append(members, "*:"+show(t.Rest, above...))
		}
		b.WriteString("{" + strings.Join(members, " ") + "}")
	case t.Kind == shape.List:
		b.WriteString("[" + show(t.Items, above...) + "]")
	case t.Kind == shape.Any:
		b.WriteString("any")
	default:
		b.WriteString(strings.Fields(t.Kind.String())[len(strings.Fields(t.Kind.String()))-1])
	}
	if t.Format != "" {
		b.WriteString("/" + t.Format)
	}
	if t.Enum != nil {
		fmt.Fprint(&b, t.Enum)
	}
	if t.Description != "" {
		fmt.Fprintf(&b, "(%s)", t.Description)
	}
	return b.String()
}

func TestTypes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"text with a format", "{type: string, format: date, description: A day.}", "text/date(A day.)"},
		{"an integer", "type: integer", "integer"},
		{"a number", "type: number", "number"},
		{"integer or number", "type: [integer, number]", "number"},
		{"null is absent", "type: [string, 'null']", "text"},
		{"two types", "type: [string, integer]", "any"},
		{"no type", "{}", "any"},
		{"true", "true", "any"},
		{"enum without type", "enum: [a, b, null]", "text[a b]"},
		{"enum of integers", "enum: [1, 2.0]", "integer[1 2.0]"},
		{"enum of numbers", "enum: [1, 2.5]", "number[1 2.5]"},
		{"enum of text and number", "enum: [1, a]", "any[1 a]"},
		{"const without type", "const: true", "boolean[true]"},
		{"an object", "{type: object, properties: {a: {type: string}, b: {}}}", "{a:text b:any}"},
		{"an object by its properties", "properties: {a: {type: string}}", "{a:text}"},
		{"more members of any type", "{type: object, additionalProperties: true}", "{*:any}"},
		{"more members of one type", "{type: object, additionalProperties: {type: integer}}", "{*:integer}"},
		{"no more members", "{type: object, additionalProperties: false}", "{}"},
		{"members by pattern", "{patternProperties: {'^x': {type: integer}}}", "{*:integer}"},
		{"a list", "{type: array, items: {type: boolean}}", "[boolean]"},
		{"a list of anything", "type: array", "[any]"},
		{"a tuple of one type", "{prefixItems: [{type: integer}, {type: integer}], items: false}", "[integer]"},
		{"a tuple of two types", "{prefixItems: [{type: integer}, {type: string}], items: false}", "[any]"},
		{"an open tuple", "{prefixItems: [{type: integer}]}", "[any]"},
		{"a reference with a description", "{$ref: '#/$defs/a', description: Mine., $defs: {a: {type: string, description: Its.}}}", "text(Mine.)"},
		{"allOf: all members", "allOf: [{properties: {a: {type: string}}}, {$ref: '#/$defs/b'}]\n$defs: {b: {properties: {b: {type: integer}}}}", "{a:text b:integer}"},
		{"allOf: the narrower type", "allOf: [{properties: {a: {type: number}}}, {properties: {a: {type: integer}}}]", "{a:integer}"},
		{"allOf that nothing fits", "allOf: [{type: string}, {type: object}]", "any"},
		{"one schema or null", "anyOf: [{type: integer}, {type: 'null'}]", "integer"},
		{"oneOf: members of all branches", "oneOf: [{properties: {a: {type: string}, c: {type: string}}}, {properties: {b: {type: integer}, c: {type: boolean}}}]", "{a:text b:integer c:any}"},
		{"oneOf beside properties", "{properties: {id: {type: string}}, oneOf: [{properties: {a: {type: string}}}, {required: [id]}]}", "{a:text id:text}"},
		{"oneOf of different kinds", "oneOf: [{type: string}, {type: object}]", "any"},
		{"anyOf of integer and number", "anyOf: [{type: integer}, {type: number}]", "number"},
		{"anyOf of lists", "anyOf: [{type: array, items: {type: string}}, {type: array, items: {type: string}}]", "[text]"},
		{"if and then", "{properties: {a: {type: string}}, if: {required: [a]}, then: {properties: {b: {type: integer}}}}", "{a:text b:integer}"},
		{"a tree", "{type: object, properties: {name: {type: string}, children: {type: array, items: {$ref: '#'}}}}", "{children:[^] name:text}"},
		{"a parent or null", "{type: object, properties: {parent: {anyOf: [{$ref: '#'}, {type: 'null'}]}, id: {type: integer}}}", "{id:integer parent:^}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(one(t, c.text).Type); got != c.want {
				t.Errorf("the type of %s is %s, want %s", c.text, got, c.want)
			}
		})
	}
}

func TestARecursiveSchemaHasARecursiveType(t *testing.T) {
	s := one(t, "{type: object, properties: {child: {$ref: '#/$defs/node'}}, $defs: {node: {type: object, properties: {child: {$ref: '#/$defs/node'}}}}}")
	child := s.Type.Fields["child"]
	if child.Fields["child"] == nil || child.Fields["child"].Fields["child"] != child.Fields["child"] {
		t.Errorf("the type is %s", show(s.Type))
	}
}
