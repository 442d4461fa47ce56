package sample

import (
	"encoding/json"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// list makes a list of two or three items, or as many as the schema wants.
func (m *maker) list(r *rules, p place, from given) any {
	example, _ := from.value.([]any)
	required := r.shortest()
	n := m.length(r, p, example, from.is)
	contained := r.contained()
	out := make([]any, 0, n)
	seen := map[string]bool{}
	for i := range n {
		at := place{at: p.at + "/" + strconv.Itoa(i), above: p.above, name: p.name, depth: p.depth + 1, salt: p.salt}
		part := none
		if i < len(example) {
			part = given{example[i], true}
		}
		ss := r.item(i)
		if i < len(contained) {
			ss = append(ss, contained[i])
		}
		v, ok := m.item(r, ss, at, part, seen)
		if !ok && i >= required {
			break
		}
		out = append(out, v)
	}
	return out
}

// item makes an item, another one than those seen if all must differ.
func (m *maker) item(r *rules, ss []*jsonschema.Schema, at place, part given, seen map[string]bool) (any, bool) {
	if !r.unique() {
		return m.value(ss, at, part)
	}
	var v any
	for range attempts {
		var ok bool
		v, ok = m.value(ss, at, part)
		key, err := json.Marshal(v)
		if ok && err == nil && !seen[string(key)] {
			seen[string(key)] = true
			return v, true
		}
		part, at.salt = none, at.salt+1
	}
	return v, false
}

func (m *maker) length(r *rules, p place, example []any, given bool) int {
	most := r.greatest(func(s *jsonschema.Schema) *int { return s.MaxItems }, mostItems)
	for i, s := range r.all {
		if s.Items2020 != nil && s.Items2020.Bool != nil && !*s.Items2020.Bool {
			most = min(most, len(r.all[i].PrefixItems))
		}
	}
	n := 2 + m.rand(p, "length").IntN(2)
	switch {
	case given:
		n = len(example)
	case p.depth >= roomy || m.left < 0:
		n = 0
	}
	return min(max(n, r.shortest()), most)
}

// shortest is how many items a list must have. The first ones of a tuple are always
// given, for readers of examples.
func (r *rules) shortest() int {
	least := max(r.least(func(s *jsonschema.Schema) *int { return s.MinItems }), len(r.contained()))
	for _, s := range r.all {
		least = max(least, len(s.PrefixItems))
	}
	return least
}

// item are the schemas for the item at a position.
func (r *rules) item(i int) (list []*jsonschema.Schema) {
	for _, s := range r.all {
		switch {
		case i < len(s.PrefixItems):
			list = append(list, s.PrefixItems[i])
		case s.Items2020 != nil:
			list = append(list, s.Items2020)
		}
	}
	return list
}

// contained are schemas of which an item each must be there.
func (r *rules) contained() (list []*jsonschema.Schema) {
	for _, s := range r.all {
		if s.Contains == nil {
			continue
		}
		n := 1
		if s.MinContains != nil {
			n = min(*s.MinContains, mostItems)
		}
		for range n {
			list = append(list, s.Contains)
		}
	}
	return list
}

func (r *rules) unique() bool {
	for _, s := range r.all {
		if s.UniqueItems {
			return true
		}
	}
	return false
}
