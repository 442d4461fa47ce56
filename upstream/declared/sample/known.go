package sample

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// known is the value where the question or the schema names it.
func (m *maker) known(r *rules, p place, from given) (any, bool) {
	if text, ok := m.Set[p.at]; ok {
		if v, ok := typed(r, text); ok {
			return v, true
		}
	}
	if text, ok := m.Bound[p.name]; ok && m.echo[p.name] == p.depth {
		if v, ok := typed(r, text); ok {
			return v, true
		}
	}
	if values := allowed(r); len(values) > 0 {
		if from.is && valid(r.all, from.value) {
			return from.value, true
		}
		return values[m.rand(p, "enum").IntN(len(values))], true
	}
	return nil, false
}

// typed is a text as the type that the schema wants.
func typed(r *rules, text string) (any, bool) {
	candidates := []any{text}
	if jsonNumber.MatchString(text) {
		candidates = append(candidates, json.Number(text))
	}
	if text == "true" || text == "false" {
		candidates = append(candidates, text == "true")
	}
	for _, v := range candidates {
		if valid(r.all, v) {
			return v, true
		}
	}
	return nil, false
}

// allowed are the values of `const` and `enum` that all schemas take; null only if
// there is no other.
func allowed(r *rules) []any {
	for _, s := range r.all {
		var values []any
		switch {
		case s.Const != nil:
			values = []any{*s.Const}
		case s.Enum != nil:
			values = s.Enum.Values
		default:
			continue
		}
		if values = fitting(r.all, values); len(values) > 0 {
			return values
		}
	}
	return nil
}

func fitting(ss []*jsonschema.Schema, values []any) []any {
	values = slices.DeleteFunc(slices.Clone(values), func(v any) bool { return !valid(ss, v) })
	if some := slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil }); len(some) > 0 {
		return some
	}
	return values
}

// example is one of the examples of the schema that fit.
func (m *maker) example(r *rules, p place) given {
	for _, s := range r.all {
		if values := fitting(r.all, s.Examples); len(values) > 0 {
			return given{values[m.rand(p, "example").IntN(len(values))], true}
		}
	}
	return none
}
