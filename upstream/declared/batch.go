package declared

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared/jsontree"
)

// batched is a declared source that is asked for many keys at a time.
type batched struct {
	*upstream.Batch[question, *jsontree.Tree]
	join string // a key that holds it would be two keys
}

// newBatch makes the source of a batch. A question is one key of it.
func (s *source) newBatch(up *upstream.Upstream, baseURL string) *batched {
	spec := s.spec(baseURL)
	spec.Request = nil // an answer about one key has a list too
	spec.Check = func(q question, t *jsontree.Tree) error { return s.holds(q, t.Root()) }
	return &batched{upstream.NewBatch(up, upstream.BatchSpec[question, *jsontree.Tree]{
		Spec:       spec,
		Most:       s.batch.most,
		Len:        s.queryLength,
		RequestAll: s.requestAll,
		DecodeAll:  s.decodeAll,
	}), s.batch.join}
}

// requestAll asks for the keys of some questions, which differ in nothing else.
func (s *source) requestAll(ctx context.Context, all []question) (*http.Request, error) {
	items := make([]string, len(all))
	for i, q := range all {
		items[i] = q.values[s.batch.over]
	}
	if s.batch.join == "" {
		return aggregate.Get(ctx, s.template.bind(all[0].values, s.batch.over, items))
	}
	values := append([]string(nil), all[0].values...)
	values[s.batch.over] = strings.Join(items, s.batch.join)
	return aggregate.Get(ctx, s.template.bind(values, -1, nil))
}

// queryLength is how much one key adds to a URL, in bytes.
func (s *source) queryLength(q question) int {
	length := len(url.QueryEscape(q.values[s.batch.over]))
	if s.batch.join != "" {
		return length + len(url.QueryEscape(s.batch.join))
	}
	for _, piece := range s.template.query {
		if piece.has(s.batch.over) {
			length += len(piece.name) + 2
		}
	}
	return length
}

// decodeAll reads the items of an answer. An answer that is only one of several
// pages is refused: what is on the others would be taken for what does not exist.
func (s *source) decodeAll(all []question, r upstream.Response) (map[string]upstream.Item[*jsontree.Tree], error) {
	if _, more := aggregate.LinkTargets(r.Header)["next"]; more {
		return nil, errors.New("only one of several pages (Link with rel=next)")
	}
	tree, err := jsontree.Parse(r.Body)
	if err != nil {
		return nil, err
	}
	list := tree.Root()
	if s.batch.items != nil {
		list = values(nil).find(s.batch.items, list).node
	}
	if list.Kind() != jsontree.List {
		return nil, errors.New("the list of items is missing")
	}
	byItem := make(map[string]string, len(all))
	for _, q := range all {
		byItem[q.values[s.batch.over]] = q.key
	}
	found := make(map[string]upstream.Item[*jsontree.Tree], len(all))
	for n := range list.Items() {
		item, ok := textOf(values(nil).find(s.batch.by, n).node, s.batch.by.typ)
		key, asked := byItem[item]
		switch _, twice := found[key]; {
		case !ok || !asked:
		case twice:
			found[key] = upstream.Item[*jsontree.Tree]{Err: errors.New("the key comes twice")}
		default:
			found[key] = s.item(n)
		}
	}
	return found, nil
}

// item is one item of an answer, checked against the source's schema.
func (s *source) item(n jsontree.Node) upstream.Item[*jsontree.Tree] {
	tree, err := jsontree.Parse(n.Bytes())
	if err == nil {
		err = validate(s.schema, tree)
	}
	return upstream.Item[*jsontree.Tree]{Value: tree, Err: err, Size: len(n.Bytes())}
}

// batchQuestion asks a batch for the items of some keys.
type batchQuestion struct {
	slot    aggregate.BatchSlot[question, *jsontree.Tree]
	keys    []string // that are asked, in their order
	refused int      // keys that cannot be asked
	why     string   // they cannot; empty: there are too many
}

// maxKeys is how many keys a part may have: one request must not make calls without end.
const maxKeys = 1000

func newBatchQuestion(s *source, b *batched, all question, keys []string, d upstream.Directives) *batchQuestion {
	q := &batchQuestion{}
	if len(keys) > maxKeys {
		q.refused, keys = len(keys), nil
	}
	inPath := s.template.inPath(s.batch.over)
	var each []question
	for _, key := range keys {
		if why := b.refuses(key, inPath); why != "" {
			q.refused, q.why = q.refused+1, why
			continue
		}
		one := question{values: append([]string(nil), all.values...), caller: all.caller}
		one.values[s.batch.over] = key
		one.key = cacheKey(one.values, one.caller)
		each, q.keys = append(each, one), append(q.keys, key)
	}
	q.slot = aggregate.NewBatchSlot(b.Batch, each, d)
	return q
}

// Now implements aggregate.Part.
func (q *batchQuestion) Now(ctx context.Context, now time.Time) (done, held bool) {
	return q.slot.Now(ctx, now)
}

// Ask implements aggregate.Part.
func (q *batchQuestion) Ask(ctx context.Context) { q.slot.Ask(ctx) }

// Useful implements aggregate.Part.
func (q *batchQuestion) Useful() bool { return q.slot.Useful() && (q.refused == 0 || len(q.keys) > 0) }

// refuses says why a key cannot be asked, "" if it can.
func (b *batched) refuses(key string, inPath bool) string {
	switch {
	case b.join != "" && strings.Contains(key, b.join):
		return "a key must not hold the text that stands between keys"
	case inPath && !fitsPath(key):
		return "a key in a path must not be . or .., and must not have control characters"
	}
	return ""
}

// outcome is that of all keys together. A key that cannot be asked is told beside
// the others.
func (q *batchQuestion) outcome() aggregate.Outcome {
	o := q.slot.Outcome()
	if q.refused == 0 {
		return o
	}
	if len(q.keys) == 0 {
		o.State = upstream.Failed
	}
	switch {
	case o.Err != nil:
	case q.why == "":
		o.Err = upstream.Errorf(upstream.CodeBadRequest, "more than 1,000 keys")
	default:
		o.Err = upstream.Errorf(upstream.CodeBadRequest, "%d of %d keys cannot be asked: %s", q.refused, q.refused+len(q.keys), q.why)
	}
	return o
}

func (q *batchQuestion) value() value {
	v := &items{byKey: make(map[string]jsontree.Node, len(q.keys))}
	for i, key := range q.keys {
		if a := &q.slot.Answers[i]; a.Useful() {
			v.keys = append(v.keys, key)
			v.byKey[key] = a.Value.Root()
		}
	}
	return value{items: v}
}

// String is for panics and logs, which must not show the values of a question.
func (q question) String() string { return fmt.Sprintf("a question with %d values", len(q.values)) }
