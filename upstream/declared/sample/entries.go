package sample

import (
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// fill adds members with made-up names: to an object that is a map, and to one that
// must have more members than its schema names.
func (m *maker) fill(r *rules, p place, out map[string]any) {
	least := min(r.least(func(s *jsonschema.Schema) *int { return s.MinProperties }), mostItems)
	if len(out) == 0 && r.isMap() && p.depth < roomy && m.left > 0 {
		least = max(least, min(2, r.greatest(func(s *jsonschema.Schema) *int { return s.MaxProperties }, 2)))
	}
	for i := 0; len(out) < least && i < 3*least+10; i++ {
		name, ok := m.newName(r, p, i)
		if _, taken := out[name]; !ok || taken {
			continue
		}
		at := place{at: p.at + "/" + escape(name), above: p.at, name: name, depth: p.depth + 1, salt: p.salt}
		if v, ok := m.value(r.member(name), at, none); ok {
			out[name] = v
		}
	}
}

// isMap reports whether a schema gives a rule for members of any name, and names none.
func (r *rules) isMap() bool {
	found := false
	for _, s := range r.all {
		_, typed := s.AdditionalProperties.(*jsonschema.Schema)
		found = found || typed || s.PatternProperties != nil
		if len(s.Properties) > 0 {
			return false
		}
	}
	return found
}

// newName makes up the name of a member that an object may have.
func (m *maker) newName(r *rules, p place, i int) (string, bool) {
	random := m.random(p.at, "name", i)
	candidates := []string{word(random)}
	if i > 20 {
		candidates[0] += strconv.Itoa(i)
	}
	for _, s := range r.all {
		for _, re := range patterns(s) {
			w := patternWriter{random: random, more: 3}
			candidates = append(candidates, w.match(re.String()))
		}
		if s.PropertyNames != nil {
			v, _ := m.value([]*jsonschema.Schema{s.PropertyNames}, place{at: p.at + "#name", depth: p.depth + 1, salt: i}, none)
			if name, ok := v.(string); ok {
				candidates = append(candidates, name)
			}
		}
	}
	for _, name := range candidates {
		if !r.forbids(name) && r.allowsName(name) && name != "" {
			return name, true
		}
	}
	return "", false
}

func (r *rules) allowsName(name string) bool {
	for _, s := range r.all {
		if s.PropertyNames != nil && s.PropertyNames.Validate(name) != nil {
			return false
		}
	}
	return true
}
