package declared

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared/jsontree"
)

// single is a declared source that is asked for one thing at a time.
type single = upstream.Source[question, *jsontree.Tree]

// spec describes a declared source to package upstream.
func (s *source) spec(baseURL string) upstream.Spec[question, *jsontree.Tree] {
	spec := upstream.Spec[question, *jsontree.Tree]{
		Name:    s.name,
		Route:   s.template.route,
		Group:   "declared " + s.name + " " + s.digest + " " + baseURL,
		Private: true, // a bound URL may name a person
		Key:     func(q question) string { return q.key },
		Request: func(ctx context.Context, q question) (*http.Request, error) {
			return aggregate.Get(ctx, s.template.bind(q.values, -1, nil))
		},
		Decode: s.decode,
		Check:  func(q question, t *jsontree.Tree) error { return s.check(q, t) },
	}
	if s.notFound != nil {
		spec.Accepts = func(status int) bool { return status == http.StatusNotFound }
	}
	if s.caller {
		spec.Caller = callerOf
	}
	return spec
}

func callerOf(q question) upstream.Caller {
	if q.caller == nil {
		return upstream.Caller{}
	}
	return upstream.Caller{
		Credentials: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+q.caller.Token) },
		Expires:     q.caller.Expires,
	}
}

// decode parses an answer and checks it against the source's schema.
func (s *source) decode(r upstream.Response) (*jsontree.Tree, error) {
	if r.Status == http.StatusNotFound && s.notFound != nil {
		return s.notFound, nil
	}
	if len(r.Body) == 0 {
		return nil, fmt.Errorf("an empty body (status %d)", r.Status)
	}
	tree, err := jsontree.Parse(r.Body)
	if err != nil {
		return nil, err
	}
	return tree, validate(s.schema, tree)
}

// check compares an answer with its question. What a 404 stands for is about nothing.
func (s *source) check(q question, t *jsontree.Tree) error {
	if s.notFound != nil && bytes.Equal(t.Root().Bytes(), s.notFound.Root().Bytes()) {
		return nil // by its bytes: in the shared cache it is another tree
	}
	return s.holds(q, t.Root())
}

// Connections are what a definition needs to be served.
type Connections struct {
	Upstreams map[string]*upstream.Upstream // the enabled ones, by name
	URLs      map[string]string             // their base URLs, for keys of the shared cache
	Store     *cache.Store
	Patience  time.Duration         // see aggregate.Gather
	BuiltIn   map[string]AskBuiltIn // those of Known.Sources that can be asked, by name
}

// Table is a definition that is connected with its upstreams and can answer.
type Table struct {
	*Definition
	connections Connections
	singles     map[*source]*single
	batches     map[*source]*batched
	rendered    *cache.Memory // data of endpoints
	parsed      *cache.Memory // answers of built-in sources
}

// Bind connects a definition. Sources of old whose declaration and upstream are the
// same go on with what they have in the cache; old may be nil.
func (d *Definition) Bind(c Connections, old *Table) *Table {
	t := &Table{
		Definition: d, connections: c,
		singles: make(map[*source]*single), batches: make(map[*source]*batched),
		rendered: c.Store.NewMemory(), parsed: c.Store.NewMemory(),
	}
	for _, s := range d.sources {
		up := c.Upstreams[s.upstream]
		if up == nil {
			continue // switched off
		}
		kept := old.counterpart(s, up)
		switch {
		case s.batch != nil && kept != nil:
			t.batches[s] = old.batches[kept]
		case s.batch != nil:
			t.batches[s] = s.newBatch(up, c.URLs[s.upstream])
		case kept != nil:
			t.singles[s] = old.singles[kept]
		default:
			t.singles[s] = upstream.NewSource(up, s.spec(c.URLs[s.upstream]))
		}
	}
	return t
}

// counterpart is the source of a table that is the same as s and asks the same
// upstream; nil if there is none.
func (t *Table) counterpart(s *source, up *upstream.Upstream) *source {
	if t == nil || t.connections.Upstreams[s.upstream] != up {
		return nil
	}
	for _, o := range t.sources {
		if o.name == s.name && o.digest == s.digest && o.caller == s.caller {
			return o
		}
	}
	return nil
}

// Close gives back the memory of the sources that next does not go on with. Requests
// that still run on the table end well.
func (t *Table) Close(next *Table) {
	t.connections.Store.Drop(t.rendered)
	t.connections.Store.Drop(t.parsed)
	if next == nil {
		next = &Table{}
	}
	closeOthers(t.singles, next.singles)
	closeOthers(t.batches, next.batches)
}

// closeOthers closes the sources that next does not have.
func closeOthers[S interface {
	comparable
	Close()
}](mine, next map[*source]S) {
	kept := make(map[S]bool, len(next))
	for _, s := range next {
		kept[s] = true
	}
	for _, s := range mine {
		if !kept[s] {
			s.Close()
		}
	}
}
