package declared

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// sourceDecl is a source as the file declares it.
type sourceDecl struct {
	name     string
	where    string
	key      scalar
	get      scalar
	answer   scalar
	valid    scalar
	notFound *yaml.Node // nil: a 404 is no answer
	batch    *batchDecl
}

// batchDecl says that a source answers many keys in one call.
type batchDecl struct {
	where string
	key   scalar
	over  scalar // the parameter that holds the keys
	by    scalar // the path of an item's key
	items scalar // the path of the list; empty: the root
	most  int    // keys in one call
	join  string // between the keys; empty: the parameter is repeated
}

// maxBatch is the greatest number of keys that one call may have.
const maxBatch = 1000

func (r *reader) sources(section member) (all []*sourceDecl) {
	for m := range r.mapping(section.value, section.where) {
		s := &sourceDecl{name: m.name(), where: m.where, key: newScalar(m.key)}
		if !partName.MatchString(s.name) {
			r.refuse(m.key, m.where, "a name of a source has letters, digits and _, and does not begin with a digit")
			continue
		}
		for field := range r.fields(m.value, m.where, "get", "answer", "valid", "not_found", "batch") {
			switch field.name() {
			case "get":
				s.get, _ = r.scalar(field.value, field.where)
			case "answer":
				s.answer, _ = r.scalar(field.value, field.where)
			case "valid":
				s.valid, _ = r.scalar(field.value, field.where)
			case "not_found":
				s.notFound = field.value
			case "batch":
				s.batch = r.batch(field)
			}
		}
		r.require(m, "get", s.get.text, "which upstream is asked, and for what: orders /orders/{id}")
		r.require(m, "answer", s.answer.text, "the JSON Schema of the answer: schemas/order.json")
		if s.batch != nil && s.notFound != nil {
			r.mistake(s.notFound, m.where+".not_found", "does not go with batch: a key that is not in the answer is not found")
			s.notFound = nil // one mistake is enough
		}
		all = append(all, s)
	}
	return all
}

func (r *reader) batch(m member) *batchDecl {
	b := &batchDecl{where: m.where, key: newScalar(m.key)}
	for field := range r.fields(m.value, m.where, "over", "by", "items", "most", "join") {
		s, ok := r.scalar(field.value, field.where)
		if !ok {
			continue
		}
		switch field.name() {
		case "over":
			b.over = s
		case "by":
			b.by = s
		case "items":
			b.items = s
		case "join":
			b.join = s.text
		case "most":
			n, err := strconv.Atoi(s.text)
			if err != nil || n < 1 || n > maxBatch {
				r.mistake(field.value, field.where, "must be a number from 1 to %d", maxBatch)
				continue
			}
			b.most = n
		}
	}
	r.require(m, "over", b.over.text, "the parameter that holds the keys")
	r.require(m, "by", b.by.text, "the path of an item's key: .sku")
	if b.most == 0 {
		r.requireKey(m, "most", "how many keys go into one call")
	}
	return b
}

// require adds a mistake if a member that must be there is not.
func (r *reader) require(m member, name, text, what string) {
	if text == "" {
		r.requireKey(m, name, what)
	}
}

// requireKey adds a mistake unless the mapping has the key, well or badly.
func (r *reader) requireKey(m member, name, what string) {
	for i := 0; i+1 < len(m.value.Content); i += 2 {
		if m.value.Content[i].Value == name {
			return // its own mistake is there already
		}
	}
	if m.value.Kind == yaml.MappingNode {
		r.mistake(m.key, m.where, "%s is missing: %s", name, what)
	}
}
