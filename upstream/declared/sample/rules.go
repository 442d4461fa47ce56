package sample

import (
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// rules are all schemas that one value must obey, with one branch of each choice.
type rules struct {
	all       []*jsonschema.Schema
	uncertain bool // following them one by one may not be enough: the value is to be checked
}

// gather follows references and choices. Another attempt chooses other branches.
func (m *maker) gather(ss []*jsonschema.Schema, p place, attempt int) *rules {
	r := &rules{}
	for _, s := range ss {
		m.add(r, s, p, attempt)
	}
	return r
}

func (m *maker) add(r *rules, s *jsonschema.Schema, p place, attempt int) {
	if s == nil || slices.Contains(r.all, s) {
		return
	}
	r.all = append(r.all, s)
	m.add(r, s.Ref, p, attempt)
	for _, part := range s.AllOf {
		m.add(r, part, p, attempt)
	}
	for i, branches := range [][]*jsonschema.Schema{s.OneOf, s.AnyOf} {
		m.add(r, m.choose(branches, p, s.Location+[]string{"oneOf", "anyOf"}[i], attempt), p, attempt)
	}
	if s.If != nil && attempt%2 == 0 {
		m.add(r, s.If, p, attempt)
		m.add(r, s.Then, p, attempt)
	} else {
		m.add(r, s.Else, p, attempt)
	}
	for _, name := range slices.Sorted(maps.Keys(s.DependentSchemas)) {
		m.add(r, s.DependentSchemas[name], p, attempt)
	}
	r.uncertain = r.uncertain || s.Not != nil || s.If != nil || s.OneOf != nil || s.AnyOf != nil ||
		s.DependentSchemas != nil || s.PropertyNames != nil || s.UnevaluatedItems != nil || s.UnevaluatedProperties != nil ||
		s.MaxContains != nil || s.PatternProperties != nil
}

// choose takes one branch, null only if there is no other.
func (m *maker) choose(branches []*jsonschema.Schema, p place, purpose string, attempt int) *jsonschema.Schema {
	some := slices.DeleteFunc(slices.Clone(branches), func(s *jsonschema.Schema) bool {
		return s.Types != nil && slices.Equal(s.Types.ToStrings(), []string{"null"}) || s.Bool != nil && !*s.Bool
	})
	if len(some) == 0 {
		some = branches
	}
	if len(some) == 0 {
		return nil
	}
	return some[m.random(p.at, purpose, p.salt+attempt<<16).IntN(len(some))]
}

// kindsInOrder are the types in the order in which one of several is taken.
var kindsInOrder = []string{"object", "array", "string", "number", "integer", "boolean", "null"}

// kind is the type of the value to be made.
func (r *rules) kind() string {
	left := kindsInOrder
	named := false
	for _, s := range r.all {
		if s.Types == nil {
			continue
		}
		named = true
		types := s.Types.ToStrings()
		if slices.Contains(types, "number") {
			types = append(types, "integer")
		}
		left = slices.DeleteFunc(slices.Clone(left), func(k string) bool { return !slices.Contains(types, k) })
	}
	if !named {
		return r.kindByKeywords()
	}
	if len(left) == 0 {
		return "null"
	}
	return left[0]
}

// kindByKeywords guesses the type where no schema names one.
func (r *rules) kindByKeywords() string {
	for _, s := range r.all {
		switch {
		case s.Properties != nil || s.Required != nil || s.AdditionalProperties != nil || s.PatternProperties != nil || s.MinProperties != nil:
			return "object"
		case s.Items2020 != nil || s.PrefixItems != nil || s.Contains != nil || s.MinItems != nil:
			return "array"
		case s.Minimum != nil || s.Maximum != nil || s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil || s.MultipleOf != nil:
			return "number"
		}
	}
	return "string"
}

// least is the greatest lower bound that a schema gives, greatest the least upper one.
func (r *rules) least(of func(*jsonschema.Schema) *int) int {
	least := 0
	for _, s := range r.all {
		if n := of(s); n != nil {
			least = max(least, *n)
		}
	}
	return least
}

func (r *rules) greatest(of func(*jsonschema.Schema) *int, otherwise int) int {
	for _, s := range r.all {
		if n := of(s); n != nil && *n >= 0 {
			otherwise = min(otherwise, *n)
		}
	}
	return otherwise
}
