package declared

import (
	"maps"
	"strconv"

	"tributary/upstream/declared/jsontree"
	"tributary/upstream/declared/sample"
)

// madeUp makes up answers of a source by its schema, the same for the same parameters:
// those of simulated upstreams, and those that the API's description has as examples.
type madeUp struct {
	*source
	rule rule
}

func (s *source) madeUp() madeUp { return madeUp{s, s.rule()} }

// madeUpTries is how many answers are made up until the source's own rule accepts one.
const madeUpTries = 20

// answer is the answer for the values of the parameters. If the source's own rule
// accepts none, it is one that the gateway will refuse.
func (m madeUp) answer(parameters []string) []byte { return m.answerWith(parameters, nil) }

// item is the item of a batch under a key, nil if the schema refuses the key: then there
// is no such item.
func (m madeUp) item(parameters []string, key string) []byte {
	parameters = append([]string(nil), parameters...)
	parameters[m.batch.over] = key
	item := m.answerWith(parameters, map[string]string{m.batch.by.pointer(): key})
	tree, err := jsontree.Parse(item)
	if err != nil {
		return nil
	}
	if has, ok := textOf(values(nil).find(m.batch.by, tree.Root()).node, m.batch.by.typ); !ok || has != key {
		return nil
	}
	return item
}

// answerWith is answer with some values given by JSON Pointer.
func (m madeUp) answerWith(parameters []string, set map[string]string) (first []byte) {
	q := m.rule.question(m.template.parameters, parameters)
	maps.Copy(q.Set, set)
	seed := m.name + " " + cacheKey(parameters, nil)
	for try := range madeUpTries {
		q.Seed = seed
		if try > 0 {
			q.Seed += " " + strconv.Itoa(try)
		}
		raw := sample.JSON(m.schema, q)
		if m.accepts(parameters, raw) {
			return raw
		}
		if first == nil {
			first = raw
		}
	}
	return first
}

// accepts reports whether an answer obeys the source's own rule.
func (m madeUp) accepts(parameters []string, raw []byte) bool {
	if m.valid == nil {
		return true
	}
	tree, err := jsontree.Parse(raw)
	return err == nil && m.holds(question{values: parameters}, tree.Root()) == nil
}
