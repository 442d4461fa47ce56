// Package sample makes up values that a schema allows: the answers of simulated
// upstreams, and the examples in the API's description.
package sample

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tributary/upstream/declared/schema"
	"tributary/upstream/declared/shape"
)

// Question is what a value is made up for. The same schema and question give the same
// value, in every process; each part of it depends on the seed and its own place only.
type Question struct {
	Seed string

	// Bound are the parameters of the question by name. The members of such a name
	// that are nearest to the root have the parameter's value.
	Bound map[string]string

	// Set are values by JSON pointer. They win over everything but the schema.
	Set map[string]string
}

// Value makes up a value, as encoding/json gives it with UseNumber. It is valid but
// for schemas that hardly any value fits, such as several patterns at once.
func Value(s *schema.Schema, q Question) any {
	m := &maker{Question: q, echo: nearest(s.Type, q.Bound), left: budget}
	v, _ := m.value([]*jsonschema.Schema{s.Rules()}, place{}, none)
	return v
}

// JSON is Value, encoded.
func JSON(s *schema.Schema, q Question) []byte {
	raw, err := json.Marshal(Value(s, q))
	if err != nil {
		return []byte("null") // not reached: maps, lists, texts, numbers and booleans have JSON
	}
	return raw
}

const (
	budget    = 20_000 // values; then only what is required is made, and after as many more nothing
	deepest   = 64     // of nested values; a schema that requires itself has no end
	roomy     = 4      // optional members and items are given down to this depth
	attempts  = 24     // for schemas whose rules cannot be followed one by one
	mostItems = 1000
	retried   = 1000 // from this salt on, what was usual has not been valid
)

type maker struct {
	Question
	echo map[string]int // depth of the members that have a parameter's value
	left int
}

// place is where in the value something is made.
type place struct {
	at    string // JSON pointer
	above string // pointer of the object it is a member of
	name  string // of the member; of an item, its list's
	depth int
	salt  int  // another value for the same place
	human bool // the object seems to be about a person
}

// random is the source of everything random at a place, and for one purpose.
func (m *maker) random(at, purpose string, salt int) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(m.Seed + "\x00" + at + "\x00" + purpose))
	return rand.New(rand.NewPCG(h.Sum64(), uint64(salt)))
}

func (m *maker) rand(p place, purpose string) *rand.Rand { return m.random(p.at, purpose, p.salt) }

// given is a part of an example that the schema gives for a value further up.
type given struct {
	value any
	is    bool
}

var none given

// value makes a value that obeys all of the schemas. It reports false if none of its
// attempts did, which may be because no value does.
func (m *maker) value(ss []*jsonschema.Schema, p place, from given) (v any, ok bool) {
	m.left--
	if p.depth > deepest || m.left < -budget {
		return nil, false
	}
	for attempt := range attempts {
		r := m.gather(ss, p, attempt)
		here := p
		if attempt >= attempts/3 { // other branches are tried first, with the values as they were
			here.salt += attempt * retried
		}
		v = m.make(r, here, from, attempt)
		if sure(r, v) || valid(ss, v) {
			return v, true
		}
		if !r.uncertain || m.left < 0 {
			break
		}
		from = none // the example may be what does not fit
	}
	return v, false
}

// sure reports whether a value needs no check: its parts were made by the rules.
func sure(r *rules, v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return !r.uncertain
	}
	return false
}

func (m *maker) make(r *rules, p place, from given, attempt int) any {
	if v, ok := m.known(r, p, from); ok {
		return v
	}
	if !from.is && p.salt == 0 && attempt == 0 {
		from = m.example(r, p)
	}
	switch r.kind() {
	case "object":
		return m.object(r, p, from, attempt)
	case "array":
		return m.list(r, p, from)
	case "null":
		return nil
	}
	if from.is && valid(r.all, from.value) {
		return from.value
	}
	switch r.kind() {
	case "boolean":
		return m.rand(p, "").IntN(2) == 1
	case "integer", "number":
		return m.number(r, p)
	}
	return m.text(r, p)
}

func valid(ss []*jsonschema.Schema, v any) bool {
	for _, s := range ss {
		if s.Validate(v) != nil {
			return false
		}
	}
	return true
}

// nearest is the least depth at which an object has a member of a parameter's name:
// the question is about that one, and not about others of the same name below.
func nearest(t *shape.Type, bound map[string]string) map[string]int {
	found := map[string]int{}
	seen := map[*shape.Type]bool{}
	level := []*shape.Type{t}
	for depth := 1; len(level) > 0 && depth < deepest; depth++ {
		var next []*shape.Type
		for _, t := range level {
			if t == nil || seen[t] {
				continue
			}
			seen[t] = true
			for name, field := range t.Fields {
				if _, ok := bound[name]; ok && found[name] == 0 {
					found[name] = depth
				}
				next = append(next, field)
			}
			next = append(next, t.Items, t.Rest)
		}
		level = next
	}
	return found
}
