package declared

import (
	"iter"
	"slices"
	"strings"
	"time"

	"tributary/cache"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared/jsontree"
)

// renderedFor is how long data is kept for answers that do not change.
const renderedFor = time.Hour

// rendered is the data of an endpoint with what it was made of. The data is a function
// of the parameters and the answers alone, so it is made once for the same ones.
type rendered struct {
	from   []jsontree.Node // the parts' answers, and the items of batches
	data   aggregate.Encoded
	faults []fault
}

// data is the data of a run whose parts are settled.
func (t *Table) data(e *Endpoint, r *run) (aggregate.Encoded, []fault, error) {
	key := r.key(e)
	if kept := t.rendered.Get(key); kept != nil {
		if was := kept.Value.(*rendered); r.isOf(was.from) {
			return was.data, was.faults, nil
		}
	}
	body, faults, err := render(e.data, r.values, len(e.Parameters))
	if err != nil {
		return aggregate.Encoded{}, nil, err
	}
	made := &rendered{slices.Collect(r.answers()), aggregate.Encoded{JSON: slices.Clip(body), Tag: aggregate.Tag(body)}, faults}
	now := time.Now()
	entry := cache.NewEntry(made, now, cache.FreshOnly(now, renderedFor))
	entry.Size = len(body)
	t.rendered.Set(key, entry)
	return made.data, made.faults, nil
}

// key is different for different endpoints, parameters and callers.
func (r *run) key(e *Endpoint) string { return r.query.key(e.Path) }

// Key is different for queries of one endpoint that have different parameters or
// callers.
func (q *Query) Key() string { return q.key("") }

func (q *Query) key(path string) string {
	size := len(path) + 64
	for _, raw := range q.Parameters {
		size += len(raw) + 1
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString(path)
	if q.Caller != nil {
		b.WriteByte(' ')
		b.WriteString(q.Caller.Hash)
	}
	for _, raw := range q.Parameters {
		b.WriteByte('\n')
		b.Write(raw)
	}
	return b.String()
}

// answers are the answers that data is made of, absent ones included, in an order that
// the parameters and the answers themselves decide.
func (r *run) answers() iter.Seq[jsontree.Node] {
	return func(yield func(jsontree.Node) bool) {
		for i := range r.parts {
			v := r.values[r.parts[i].part.root]
			if v.items == nil {
				if !yield(v.node) {
					return
				}
				continue
			}
			for _, key := range v.items.keys {
				if !yield(v.items.byKey[key]) {
					return
				}
			}
		}
	}
}

// isOf reports whether the answers are the same as before: a new one is another tree.
func (r *run) isOf(before []jsontree.Node) bool {
	i := 0
	for n := range r.answers() {
		if i == len(before) || before[i] != n {
			return false
		}
		i++
	}
	return i == len(before)
}
