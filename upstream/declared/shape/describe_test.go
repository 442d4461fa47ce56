package shape_test

import (
	"encoding/json"
	"testing"

	"tributary/upstream/declared/shape"
)

func TestDescribe(t *testing.T) {
	text := &shape.Type{Kind: shape.Text}
	tree := &shape.Type{Kind: shape.Object}
	tree.Fields = map[string]*shape.Type{"name": text, "children": {Kind: shape.List, Items: tree}}
	for _, c := range []struct {
		name string
		t    *shape.Type
		want string
	}{
		{"anything", &shape.Type{}, `{}`},
		{"nothing known", nil, `{}`},
		{"text", &shape.Type{Kind: shape.Text, Format: "date", Description: "A day.", Enum: []any{"a"}}, `{"description":"A day.","enum":["a"],"format":"date","type":"string"}`},
		{"a list", &shape.Type{Kind: shape.List, Items: &shape.Type{Kind: shape.Number}}, `{"items":{"type":"number"},"type":"array"}`},
		{"a list of anything", &shape.Type{Kind: shape.List}, `{"items":{},"type":"array"}`},
		{"an object", &shape.Type{Kind: shape.Object, Fields: map[string]*shape.Type{"b": text, "a": {Kind: shape.Boolean}}},
			`{"properties":{"a":{"type":"boolean"},"b":{"type":"string"}},"type":"object"}`},
		{"members of any name", &shape.Type{Kind: shape.Object, Rest: &shape.Type{Kind: shape.Integer}}, `{"additionalProperties":{"type":"integer"},"type":"object"}`},
		{"one type at two places", &shape.Type{Kind: shape.Object, Fields: map[string]*shape.Type{"a": text, "b": text}},
			`{"properties":{"a":{"type":"string"},"b":{"type":"string"}},"type":"object"}`},
		{"a type within itself", tree, `{"properties":{"children":{"items":{},"type":"array"},"name":{"type":"string"}},"type":"object"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := json.Marshal(c.t.Describe())
			if err != nil || string(got) != c.want {
				t.Errorf("%s, %v, want %s", got, err, c.want)
			}
		})
	}
}
