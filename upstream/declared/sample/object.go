package sample

import (
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// object makes an object of what is required, and of what is optional if there is
// room. From an example come the members that it has.
func (m *maker) object(r *rules, p place, from given, attempt int) any {
	example, _ := from.value.(map[string]any)
	names := m.members(r, p, example, attempt)
	required := r.withDependents(r.required())
	out := make(map[string]any, len(names))
	human := people[lastWord(p.name)] || slices.ContainsFunc(names, func(n string) bool { return ofPeople[plainName(n)] })
	for _, name := range names {
		at := place{at: p.at + "/" + escape(name), above: p.at, name: name, depth: p.depth + 1, salt: p.salt, human: human}
		part := none
		if v, ok := example[name]; ok {
			part = given{v, true}
		}
		v, ok := m.value(r.member(name), at, part)
		if ok || slices.Contains(required, name) {
			out[name] = v
		}
	}
	m.fill(r, p, out)
	return out
}

// members are the names of the members to make, in order.
func (m *maker) members(r *rules, p place, example map[string]any, attempt int) []string {
	required := r.required()
	var optional []string
	for _, s := range r.all {
		for name := range s.Properties {
			if !slices.Contains(required, name) && !slices.Contains(optional, name) {
				optional = append(optional, name)
			}
		}
	}
	for name := range example {
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			optional = append(optional, name)
		}
	}
	slices.Sort(optional)
	coin := m.random(p.at, "optional", p.salt+attempt<<16)
	optional = slices.DeleteFunc(optional, func(name string) bool {
		wanted := m.wanted(p, name) // before the coin: what is wanted is never left out
		toss := coin.IntN(2) == 1
		_, shown := example[name]
		switch {
		case r.forbids(name) || r.writeOnly(name):
			return true
		case wanted:
			return false
		case example != nil:
			return !shown
		case p.depth >= roomy || m.left < 0 || attempt >= 2*attempts/3:
			return true
		}
		return attempt >= attempts/3 && toss
	})
	least := r.least(func(s *jsonschema.Schema) *int { return s.MinProperties })
	most := max(r.greatest(func(s *jsonschema.Schema) *int { return s.MaxProperties }, len(required)+len(optional)), len(required), least)
	return r.withDependents(append(required, optional[:min(len(optional), most-len(required))]...))
}

// wanted reports whether the question asks for a member, or for something in it.
func (m *maker) wanted(p place, name string) bool {
	if m.echo[name] == p.depth+1 {
		return true
	}
	at := p.at + "/" + escape(name)
	for pointer := range m.Set {
		if pointer == at || strings.HasPrefix(pointer, at+"/") {
			return true
		}
	}
	return false
}

func (r *rules) required() (names []string) {
	for _, s := range r.all {
		names = append(names, s.Required...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// withDependents adds what the presence of a member requires.
func (r *rules) withDependents(names []string) []string {
	for i := 0; i < len(names); i++ {
		for _, s := range r.all {
			for _, name := range s.DependentRequired[names[i]] {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// member are the schemas for a member: by its name, by pattern, or for the others.
func (r *rules) member(name string) (list []*jsonschema.Schema) {
	for _, s := range r.all {
		found := false
		if named := s.Properties[name]; named != nil {
			list, found = append(list, named), true
		}
		for _, re := range patterns(s) {
			if re.MatchString(name) {
				list, found = append(list, s.PatternProperties[re]), true
			}
		}
		if more, ok := s.AdditionalProperties.(*jsonschema.Schema); ok && !found {
			list = append(list, more)
		}
	}
	return list
}

// forbids reports whether an object cannot have a member.
func (r *rules) forbids(name string) bool {
	for _, s := range r.all {
		named := s.Properties[name] != nil || slices.ContainsFunc(patterns(s), func(re jsonschema.Regexp) bool { return re.MatchString(name) })
		if none, ok := s.AdditionalProperties.(bool); ok && !none && !named {
			return true
		}
	}
	return slices.ContainsFunc(r.member(name), func(s *jsonschema.Schema) bool { return s.Bool != nil && !*s.Bool })
}

// writeOnly reports whether a member is for requests alone, such as a password.
func (r *rules) writeOnly(name string) bool {
	return slices.ContainsFunc(r.member(name), func(s *jsonschema.Schema) bool { return s.WriteOnly })
}

func patterns(s *jsonschema.Schema) []jsonschema.Regexp {
	return slices.SortedFunc(maps.Keys(s.PatternProperties), func(a, b jsonschema.Regexp) int {
		return strings.Compare(a.String(), b.String())
	})
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
