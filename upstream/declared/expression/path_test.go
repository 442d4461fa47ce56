package expression_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/shape"
)

func key(name string) expression.Step { return expression.Step{Key: name} }

func index(i int) expression.Step {
	return expression.Step{Kind: expression.ByIndex, Index: i}
}

func lookup(root string, steps ...expression.Step) expression.Step {
	return expression.Step{Kind: expression.ByLookup, Lookup: &expression.Path{Root: root, Steps: steps}}
}

func TestParsePath(t *testing.T) {
	for src, want := range map[string]expression.Path{
		`order`:                        {Root: "order"},
		`order.ship_to.lat`:            {Root: "order", Steps: []expression.Step{key("ship_to"), key("lat")}},
		`order["a.b"].c`:               {Root: "order", Steps: []expression.Step{key("a.b"), key("c")}},
		`order["say \"hi\" \\ there"]`: {Root: "order", Steps: []expression.Step{key(`say "hi" \ there`)}},
		`order[""]`:                    {Root: "order", Steps: []expression.Step{key("")}},
		`order.lines[8].sku`:           {Root: "order", Steps: []expression.Step{key("lines"), index(8), key("sku")}},
		`order.in.not.true`:            {Root: "order", Steps: []expression.Step{key("in"), key("not"), key("true")}},
		`größe.$x_1`:                   {Root: "größe", Steps: []expression.Step{key("$x_1")}},
		`.`:                            {},
		`.sku`:                         {Steps: []expression.Step{key("sku")}},
		`.["a b"][0]`:                  {Steps: []expression.Step{key("a b"), index(0)}},
		`.[1]`:                         {Steps: []expression.Step{index(1)}},
		`products[.sku].title`:         {Root: "products", Steps: []expression.Step{lookup("", key("sku")), key("title")}},
		`products[.]`:                  {Root: "products", Steps: []expression.Step{lookup("")}},
		`products[order.ids[0]].title`: {Root: "products", Steps: []expression.Step{lookup("order", key("ids"), index(0)), key("title")}},
		`a[b[.c]]`:                     {Root: "a", Steps: []expression.Step{lookup("b", lookup("", key("c")))}},
		`products["42"]`:               {Root: "products", Steps: []expression.Step{key("42")}},
	} {
		got, ok := expression.ParsePath(src)
		got = withoutOffsets(got)
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("ParsePath(%s) = %+v, %t, want %+v", src, got, ok, want)
		}
	}
}

func withoutOffsets(p expression.Path) expression.Path {
	steps := slices.Clone(p.Steps)
	for i := range steps {
		steps[i].Offset = 0
		if inner := steps[i].Lookup; inner != nil {
			steps[i].Lookup = new(withoutOffsets(*inner))
		}
	}
	return expression.Path{Root: p.Root, Steps: steps}
}

func TestTypesOfPaths(t *testing.T) {
	env := expression.NewEnv(roots)
	for src, want := range map[string]*shape.Type{
		`order.total`: number, `order.lines`: roots["order"].Fields["lines"], `order.lines[0]`: line, `order.lines[0].tags[1]`: text,
		`products[order.id]`: product, `products[order.customer_id].title`: text, `products["A"].stock`: integer, `order["a.b"]`: text, `id`: text,
	} {
		p, _ := expression.ParsePath(src)
		if got, mistake := env.Type(p); got != want {
			t.Errorf("type of %s = %v, %v, want %v", src, got, mistake, want)
		}
	}
	item, _ := expression.ParsePath(`.`)
	if got, mistake := env.Each(line).Type(item); got != line {
		t.Errorf("type of the item = %v, %v", got, mistake)
	}
	for _, src := range []string{`order.any`, `order.any.x[0].y`, `products[order.any].title`} {
		p, _ := expression.ParsePath(src)
		if _, mistake := env.Type(p); mistake != nil {
			t.Errorf("type of %s: %v", src, mistake)
		}
	}
	for _, tt := range []wrong{
		{`order.custmer`, 6, "unknown field custmer"},
		{`order["a.c"].x`, 6, "unknown field a.c"},
		{`order.lines[0].skuu`, 15, "unknown field skuu"},
		{`größe.x`, 0, "unknown name größe"},
		{`.sku`, 0, "there is no item here"},
		{`order.id.x`, 9, "text has no members"},
		{`order.lines.sku`, 12, "a list has no members"},
		{`order.id[0]`, 9, "text has no items"},
		{`products[0]`, 9, "an object has no items"},
		{`products[order.idd].title`, 15, "unknown field idd"},
		{`products[order.total].title`, 9, "a key is text or an integer, not a number"},
		{`order.lines[order.id]`, 12, "a list has no members"},
		{`products[order.id].titel`, 19, "unknown field titel"},
	} {
		p, ok := expression.ParsePath(tt.src)
		_, mistake := env.Type(p)
		if !ok || mistake == nil || mistake.Offset != tt.offset || mistake.Rule != tt.rule {
			t.Errorf("type of %s: %+v, want %s at %d", tt.src, mistake, tt.rule, tt.offset)
		}
	}
}

func TestNotAPath(t *testing.T) {
	for _, src := range []string{
		``, ` order`, `order `, `order.`, `order..x`, `..`, `.1`, `1`, `10`, `"text"`, `true`, `nil`, `false`, `not`, `in.x`,
		`order[`, `order[]`, `order["a]`, `order["a"`, `order["\n"]`, `order[-1]`, `order[1.5]`, `order[99999999999999999999]`,
		`order[true]`, `order.x + 1`, `order?.x`, `lower(x)`, `$env`, `$env.order`, `a[b`, `a b`, `#`, `order.7`, `a["x"]b`,
		strings.Repeat("a[", 20) + "b" + strings.Repeat("]", 20),
	} {
		if got, ok := expression.ParsePath(src); ok {
			t.Errorf("ParsePath(%s) = %+v, want no path", src, got)
		}
	}
}

func TestReserved(t *testing.T) {
	for name, want := range map[string]bool{
		"in": true, "not": true, "nil": true, "if": true, "matches": true, "true": true,
		"count": false, "now": false, "order": false, "In": false, "": false,
	} {
		if got := expression.Reserved(name); got != want {
			t.Errorf("Reserved(%q) = %t, want %t", name, got, want)
		}
	}
}

// What is a path is written back and read again as the same path.
func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{`.`, `a.b["c.\"d"][0]`, `.["x"]`, `p[.sku].t`, `a[b[.c]].d`, `a[`, `a["\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		p, ok := expression.ParsePath(src)
		if !ok {
			return
		}
		again, ok := expression.ParsePath(p.String())
		if !ok || !reflect.DeepEqual(withoutOffsets(again), withoutOffsets(p)) {
			t.Fatalf("%q is %+v, written %q, which is %+v, %t", src, p, p.String(), again, ok)
		}
	})
}
