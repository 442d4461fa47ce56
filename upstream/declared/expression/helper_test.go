package expression_test

import (
	"testing"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/jsontree"
	"tributary/upstream/declared/shape"
)

var (
	text    = &shape.Type{Kind: shape.Text}
	integer = &shape.Type{Kind: shape.Integer}
	number  = &shape.Type{Kind: shape.Number}
	boolean = &shape.Type{Kind: shape.Boolean}
	unknown = &shape.Type{}
)

func object(fields map[string]*shape.Type) *shape.Type {
	return &shape.Type{Kind: shape.Object, Fields: fields}
}

func list(item *shape.Type) *shape.Type { return &shape.Type{Kind: shape.List, Items: item} }

var (
	line = object(map[string]*shape.Type{
		"sku": text, "qty": integer, "price": number, "id": integer, "gift": boolean, "tags": list(text),
	})
	product = object(map[string]*shape.Type{"title": text, "stock": integer})

	roots = map[string]*shape.Type{
		"order": object(map[string]*shape.Type{
			"id": text, "state": text, "note": text, "customer_id": integer, "total": number, "n": integer, "zero": integer,
			"big": integer, "flag": boolean, "lines": list(line), "none": list(line), "tags": list(text), "ids": list(integer),
			"a.b": text, "in": integer, "any": unknown, "absent": object(map[string]*shape.Type{"x": text, "n": integer, "l": list(line)}),
			"late": boolean, "missing": integer, "name": text,
		}),
		"customer": object(map[string]*shape.Type{"first": text, "last": text}),
		"products": {Kind: shape.Object, Rest: product},
		"id":       text,
		"count_":   integer,
	}
)

const (
	orderJSON = `{"id":"17","state":"PAID","customer_id":42,"total":10.00,"n":2,"zero":0,"big":9223372036854775807,
		"flag":true,"note":null,"tags":["b","a","b"],"ids":[3,1,3],"none":[],"a.b":"dots","in":5,"any":{"deep":[1,"x"]},"name":"Zoë Ångström",
		"lines":[{"sku":"A","qty":1,"price":1.5,"id":1,"gift":true,"tags":["x","y"]},{"sku":"B","qty":2,"price":2,"id":2,"tags":[]},{"sku":"C","id":3}]}`
	productsJSON = `{"A":{"title":"Apple","stock":3},"2":{"title":"Two"},"17":{"title":"Seventeen"}}`
)

// world has the values of roots: the customer and most of the order's members are
// absent.
type world map[string]jsontree.Node

func newWorld(t testing.TB) world {
	t.Helper()
	w := world{}
	for name, raw := range map[string]string{"order": orderJSON, "products": productsJSON, "id": `"x"`} {
		tree, err := jsontree.Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		w[name] = tree.Root()
	}
	return w
}

// get is what a caller of Run does: it walks the tree, and converts what is there by
// the schema's type.
func (w world) get(r *expression.Ref) (any, error) {
	node, of := w[r.Root], roots[r.Root]
	if r.Root == "" {
		of = line
	}
	for _, name := range r.Path {
		node, of = node.Member(name), of.Field(name)
	}
	return node.Value(of)
}

// item is the world within a list, at one of its items.
func (w world) item(i int) world {
	inner := world{"": w["order"].Member("lines").Index(i)}
	for name, node := range w {
		inner[name] = node
	}
	return inner
}

func compile(t testing.TB, env *expression.Env, src string) *expression.Program {
	t.Helper()
	p, mistake := env.Compile(src)
	if mistake != nil {
		t.Fatalf("Compile(%s): %s at %d", src, mistake.Rule, mistake.Offset)
	}
	return p
}
