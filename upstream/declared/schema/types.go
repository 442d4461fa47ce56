package schema

import (
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tributary/upstream/declared/shape"
)

// typeOf is the type of the values that a schema allows. It says less than the
// schema; where the schema leaves several kinds open, it is any.
func typeOf(s *jsonschema.Schema) *shape.Type {
	return typer{}.of([]*jsonschema.Schema{s})
}

// typer keeps the type of each list of schemas that one value must obey together, so
// that a recursive schema gives a recursive type.
type typer map[string]*shape.Type

// of is the type of values that obey all of the schemas.
func (y typer) of(ss []*jsonschema.Schema) *shape.Type {
	var parts together
	for _, s := range ss {
		parts.add(s)
	}
	if len(parts.all) == 0 {
		return &shape.Type{}
	}
	var key strings.Builder
	for _, s := range parts.all {
		key.WriteString(s.Location + "\n")
	}
	if known := y[key.String()]; known != nil {
		return known
	}
	t := &shape.Type{}
	y[key.String()] = t
	y.fill(t, parts)
	return t
}

func (y typer) fill(t *shape.Type, parts together) {
	kinds := anyKind
	for _, s := range parts.all {
		kinds &= kindsOf(s)
		describe(t, s)
	}
	var branches [][]*shape.Type
	for _, choice := range parts.choices {
		var types []*shape.Type
		var allowed kindSet
		for _, s := range choice {
			branch := y.of([]*jsonschema.Schema{s})
			types = append(types, branch)
			allowed |= kindSetOf(branch)
		}
		kinds &= allowed
		branches = append(branches, types)
	}
	for _, s := range parts.all {
		for _, part := range sometimes(s) {
			branches = append(branches, []*shape.Type{y.of([]*jsonschema.Schema{part})})
		}
	}
	switch t.Kind = kinds.kind(); t.Kind {
	case shape.Object:
		y.members(t, parts, branches)
	case shape.List:
		y.items(t, parts, branches)
	}
}

// members sets what an object has: the members that any part names, also those that
// only one branch of a choice has, since every member may be absent.
func (y typer) members(t *shape.Type, parts together, branches [][]*shape.Type) {
	named := map[string][]*jsonschema.Schema{}
	var rest []*jsonschema.Schema
	open := false
	for _, s := range parts.all {
		for name, member := range s.Properties {
			named[name] = append(named[name], member)
		}
		if b, ok := s.AdditionalProperties.(bool); ok {
			open = open || b
		}
		if more, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
			rest = append(rest, more)
		}
		rest = append(rest, y.patterns(s)...)
		if more := s.UnevaluatedProperties; more != nil && (more.Bool == nil || *more.Bool) {
			rest = append(rest, more)
		}
	}
	t.Fields = make(map[string]*shape.Type, len(named))
	for name, list := range named {
		t.Fields[name] = y.of(list)
	}
	switch {
	case open || len(rest) > 1:
		t.Rest = &shape.Type{}
	case len(rest) == 1:
		t.Rest = y.of(rest)
	}
	for _, types := range branches {
		addBranches(t, types)
	}
}

func (y typer) patterns(s *jsonschema.Schema) (list []*jsonschema.Schema) {
	for _, member := range s.PatternProperties {
		list = append(list, member)
	}
	return list
}

// addBranches adds the members of a choice's branches to an object.
func addBranches(t *shape.Type, branches []*shape.Type) {
	for _, branch := range branches {
		for name, member := range branch.Fields {
			t.Fields[name] = agree(t.Fields[name], member)
		}
		if branch.Rest != nil {
			t.Rest = agree(t.Rest, branch.Rest)
		}
	}
}

// items sets the type of a list's items.
func (y typer) items(t *shape.Type, parts together, branches [][]*shape.Type) {
	var same []*jsonschema.Schema
	var items *shape.Type
	for _, s := range parts.all {
		if len(s.PrefixItems) == 0 && s.Items2020 != nil {
			same = append(same, s.Items2020)
		}
		for _, first := range s.PrefixItems {
			items = agree(items, y.of([]*jsonschema.Schema{first}))
		}
		if len(s.PrefixItems) > 0 && (s.Items2020 == nil || s.Items2020.Bool == nil || *s.Items2020.Bool) {
			items = agree(items, y.of([]*jsonschema.Schema{s.Items2020}))
		}
	}
	if len(same) > 0 {
		items = agree(items, y.of(same))
	}
	for _, types := range branches {
		for _, branch := range types {
			if branch.Kind == shape.List && branch.Items != nil {
				items = agree(items, branch.Items)
			}
		}
	}
	t.Items = items
}
