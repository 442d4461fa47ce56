package schema

import (
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tributary/upstream/declared/shape"
)

// together are schemas that one value must obey all at once, and choices of which it
// must obey one.
type together struct {
	all     []*jsonschema.Schema
	choices [][]*jsonschema.Schema
}

// add follows what applies to the value itself. A schema that only refers to others
// is left out, so that it has their type and not a copy.
func (t *together) add(s *jsonschema.Schema) {
	if s == nil || slices.Contains(t.all, s) {
		return
	}
	if speaks(s) {
		t.all = append(t.all, s)
	}
	t.add(s.Ref)
	for _, part := range s.AllOf {
		t.add(part)
	}
	for _, branches := range [][]*jsonschema.Schema{s.OneOf, s.AnyOf} {
		switch branches = slices.DeleteFunc(slices.Clone(branches), onlyNull); len(branches) {
		case 0:
		case 1:
			t.add(branches[0]) // or null, which is absent
		default:
			t.choices = append(t.choices, branches)
		}
	}
}

// speaks reports whether a schema itself says something about the type.
func speaks(s *jsonschema.Schema) bool {
	choice := func(branches []*jsonschema.Schema) bool {
		return len(slices.DeleteFunc(slices.Clone(branches), onlyNull)) > 1
	}
	return s.Types != nil || s.Enum != nil || s.Const != nil || s.Format != nil || s.Description != "" ||
		s.Properties != nil || s.AdditionalProperties != nil || s.PatternProperties != nil || s.UnevaluatedProperties != nil ||
		s.Required != nil || s.Items2020 != nil || s.PrefixItems != nil || s.Then != nil || s.Else != nil ||
		s.DependentSchemas != nil || choice(s.OneOf) || choice(s.AnyOf)
}

// sometimes are schemas that hold for some values only.
func sometimes(s *jsonschema.Schema) (list []*jsonschema.Schema) {
	for _, part := range []*jsonschema.Schema{s.Then, s.Else} {
		if part != nil {
			list = append(list, part)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.DependentSchemas)) {
		list = append(list, s.DependentSchemas[name])
	}
	return list
}

func onlyNull(s *jsonschema.Schema) bool {
	return s.Types != nil && slices.Equal(s.Types.ToStrings(), []string{"null"})
}

// describe takes what the first schema says that says it.
func describe(t *shape.Type, s *jsonschema.Schema) {
	if t.Description == "" {
		t.Description = s.Description
	}
	if t.Format == "" && s.Format != nil {
		t.Format = s.Format.Name
	}
	if t.Enum == nil {
		t.Enum = allowedValues(s)
	}
}

// allowedValues are those of `const` and `enum`, without null.
func allowedValues(s *jsonschema.Schema) []any {
	var values []any
	switch {
	case s.Const != nil:
		values = []any{*s.Const}
	case s.Enum != nil:
		values = s.Enum.Values
	}
	return slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil })
}
