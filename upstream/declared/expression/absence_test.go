package expression_test

import (
	"reflect"
	"testing"

	"tributary/upstream/declared/expression"
)

// evaluation is an expression over the world of helper_test.go; a nil result is an
// absent one.
type evaluation struct {
	src  string
	want any
}

func evaluate(t *testing.T, env *expression.Env, w world, cases []evaluation) {
	t.Helper()
	for _, tt := range cases {
		p, mistake := env.Compile(tt.src)
		if mistake != nil {
			t.Errorf("Compile(%s): %s at %d", tt.src, mistake.Rule, mistake.Offset)
			continue
		}
		got, ok, err := p.Run(w.get)
		if err != nil || ok != (tt.want != nil) || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s = %#v, %t, %v, want %#v", tt.src, got, ok, err, tt.want)
		}
	}
}

func TestWhatIsComputedFromSomethingAbsentIsAbsent(t *testing.T) {
	evaluate(t, expression.NewEnv(roots), newWorld(t), []evaluation{
		{`order.note`, nil},
		{`customer.first`, nil},
		{`order.absent.x`, nil},
		{`nil`, nil},
		{`customer.first + " x"`, nil},
		{`"x" + customer.first`, nil},
		{`order.missing + 1`, nil},
		{`-order.missing`, nil},
		{`order.note == "x"`, nil},
		{`order.note != "x"`, nil},
		{`order.note == customer.first`, nil},
		{`order.missing > 3`, nil},
		{`order.note contains "a"`, nil},
		{`order.note startsWith "a"`, nil},
		{`order.note endsWith "a"`, nil},
		{`order.note matches "a"`, nil},
		{`order.note in ["a"]`, nil},
		{`order.note not in ["a"]`, nil},
		{`order.id in order.absent`, nil},
		{`order.late`, nil},
		{`not order.late`, nil},
		{`string(order.note)`, nil},
		{`lower(order.note)`, nil},
		{`len(order.absent.l)`, nil},
		{`[order.note]`, nil},
		{`{a: order.note}`, nil},
		{`max(order.missing, 1)`, nil},
		{`max([])`, nil},
		{`first(order.none)`, nil},
		{`first(order.none).sku`, nil},
		{`join([order.note], ",")`, nil},
		{`replace(order.id, "1", order.note)`, nil},
		{`order.tags[order.missing:]`, nil},
		{`order.lines[7].sku`, nil},
		{`order.lines[-4].sku`, nil},
		{`order.lines[order.missing].sku`, nil},
		{`order.lines[2].qty + 1`, nil},
		{`products["zz"].title`, nil},
		{`products[order.note].title`, nil},
		{`products["zz"].title + "!"`, nil},
		{`map(order.absent.l, .sku)`, nil},
		{`order.any.x.y`, nil},
		{`order.any.deep[1].x`, nil},
	})
}

func TestWhatAsksForAbsence(t *testing.T) {
	evaluate(t, expression.NewEnv(roots), newWorld(t), []evaluation{
		{`order.note ?? "none"`, "none"},
		{`customer.first ?? customer.last ?? "nobody"`, "nobody"},
		{`customer?.first ?? "none"`, "none"},
		{`order.note ?? order.state`, "PAID"},
		{`order.state ?? order.note`, "PAID"},
		{`order.note ?? customer.first`, nil},
		{`(order.note ?? customer.first) == "x"`, nil},
		{`(order.missing + 1) ?? 0`, 0},
		{`lower(order.note) ?? "none"`, "none"},
		{`lower(order.state) ?? "none"`, "paid"},
		{`(order.note == "x") ?? false`, false},
		{`sum(order.lines, .qty) ?? 0`, 0},
		{`max([]) ?? 7`, 7},
		{`first(order.none) ?? "none"`, "none"},
		{`products[order.note].title ?? "?"`, "?"},
		{`products[order.note + "x"].title ?? "?"`, "?"},
		{`products[order.note ?? "A"].title`, "Apple"},
		{`(lower(order.note) ?? order.note) ?? "both"`, "both"},
		{`order.note == nil`, true},
		{`nil != order.note`, false},
		{`order.state == nil`, false},
		{`order.state != nil`, true},
		{`customer == nil`, true},
		{`(order.missing + 1) == nil`, true},
		{`lower(order.state) != nil`, true},
		{`nil == nil`, true},
		{`order.lines[7] == nil`, true},
	})
}

func TestOnlyWhatIsEvaluatedIsNeeded(t *testing.T) {
	evaluate(t, expression.NewEnv(roots), newWorld(t), []evaluation{
		{`order.note == nil ? "new" : order.note`, "new"},
		{`order.n > 1 ? "many" : order.note`, "many"},
		{`order.n > 1 ? order.note : "one"`, nil},
		{`order.n > 1 ? nil : "one"`, nil},
		{`(order.n > 1 ? nil : "one") + "x"`, nil},
		{`order.late ? 1 : 2`, nil},
		{`order.n > 1 ? lower(order.state) : lower(order.note)`, "paid"},
		{`order.n > 1 and order.note == "x"`, nil},
		{`order.n < 1 and order.note == "x"`, false},
		{`order.note == "x" and order.n < 1`, nil},
		{`order.n > 1 or order.note == "x"`, true},
		{`order.n > 1 || order.late`, true},
		{`order.n < 1 or order.note == "x"`, nil},
		{`order.late or order.n > 1`, nil},
		{`order.n > 1 && (order.late ?? true)`, true},
		{`if order.n > 1 { "many" } else { order.note }`, "many"},
	})
}

func TestAbsenceInPredicates(t *testing.T) {
	evaluate(t, expression.NewEnv(roots), newWorld(t), []evaluation{
		{`sum(order.lines, .qty)`, nil},
		{`map(order.lines, .qty)`, nil},
		{`map(order.lines, .qty * 2)`, nil},
		{`filter(order.lines, .qty > 0)`, nil},
		{`all(order.lines, .qty > 0)`, nil},
		{`any(order.lines, .qty > 0)`, true}, // it looks no further than the first
		{`find(order.lines, .qty == 9)`, nil},
		{`find(order.lines, .sku == "B").qty`, 2},
		{`find(order.lines, .sku == "Z").qty`, nil},
		{`sum(order.lines, .qty ?? 0)`, 3},
		{`map(order.lines, (.qty + 1) ?? -1)`, []any{2, 3, -1}},
		{`map(order.lines, sum(.tags ?? [], len(#)) ?? -1)`, []any{2, 0, 0}},
		{`map(order.lines, join(.tags, "") ?? .sku)`, []any{"xy", "", "C"}},
		{`map(order.lines, (any(.tags, # == "x") ?? false) ? .sku : "-")`, []any{"A", "-", "-"}},
		{`sum(order.lines, (.qty + 1) ?? 0) ?? 0`, 5},
		{`count(order.lines, .qty == nil)`, 1},
		{`count(order.lines, (.qty + 1) != nil)`, 2},
		{`map(filter(order.lines, .qty != nil), .qty)`, []any{1, 2}},
		{`map(order.lines, customer.first)`, nil},
		{`map(order.none, customer.first)`, []any{}},
		{`map(order.lines, customer.first ?? .sku)`, []any{"A", "B", "C"}},
		{`map(order.lines, lower(customer.first) ?? .sku)`, []any{"A", "B", "C"}},
		{`sum(order.none, .qty)`, 0},
		{`map(order.lines, products[.sku].title ?? "?")`, []any{"Apple", "?", "?"}},
		{`map(order.lines, products[.sku].title)`, nil},
		{`map(order.lines, .gift ?? false ? 1 : 0)`, []any{1, 0, 0}},
		{`filter(order.any.deep, # != nil)`, []any{1, "x"}},
	})
}

func TestItems(t *testing.T) {
	w, env := newWorld(t), expression.NewEnv(roots).Each(line)
	for i, cases := range [][]evaluation{
		{{`.sku + "!"`, "A!"}, {`.qty * .price`, 1.5}, {`products[.sku].title`, "Apple"}, {`products[.id].title`, nil}, {`#.sku`, "A"}},
		{{`.qty ?? 0`, 2}, {`products[.id].title`, "Two"}, {`products[.sku].title ?? .sku`, "B"}, {`len(.tags)`, 0}},
		{{`.qty ?? 0`, 0}, {`.qty * 2`, nil}, {`.qty == nil`, true}, {`(.qty * 2) ?? lower(.sku)`, "c"}, {`any(.tags, true)`, nil}},
	} {
		evaluate(t, env, w.item(i), cases)
	}
	evaluate(t, env, w.item(0), []evaluation{
		{`.sku + order.id`, "A17"},
		{`{sku: .sku, n: order.n}`, map[string]any{"sku": "A", "n": 2}},
		{`map(.tags, # + order.state)`, []any{"xPAID", "yPAID"}},
		{`count(order.lines, .qty != nil)`, 2}, // the inner item
		{`.sku // the sku, and no )`, "A"},
		{`len(#.tags)`, 2},
	})
	scalars := expression.NewEnv(roots).Each(text)
	p := compile(t, scalars, `upper(#) + "."`)
	if v, ok, err := p.Run(func(*expression.Ref) (any, error) { return "x", nil }); v != "X." || !ok || err != nil {
		t.Errorf("over text: %v, %t, %v", v, ok, err)
	}
}

func TestRefs(t *testing.T) {
	env := expression.NewEnv(roots)
	type refs = []expression.Ref
	for _, tt := range []struct {
		env  *expression.Env
		src  string
		want refs
	}{
		{env, `1 + 2`, nil},
		{env, `order.state`, refs{{"order", []string{"state"}, true}}},
		{env, `order["a.b"] + order["a.b"]`, refs{{"order", []string{"a.b"}, true}}},
		{env, `order.note ?? (order.note + "x")`, refs{{"order", []string{"note"}, false}}},
		{env, `order.note ?? id`, refs{{"order", []string{"note"}, false}, {"id", nil, false}}},
		{env, `order.flag ? customer.first : customer.last`, refs{{"order", []string{"flag"}, true}, {"customer", []string{"first"}, false}, {"customer", []string{"last"}, false}}},
		{env, `order.flag and order.late`, refs{{"order", []string{"flag"}, true}, {"order", []string{"late"}, false}}},
		{env, `order.late == nil`, refs{{"order", []string{"late"}, false}}},
		{env, `map(order.lines, .sku + id)`, refs{{"order", []string{"lines"}, true}, {"id", nil, false}}},
		{env, `order.lines[0].sku`, refs{{"order", []string{"lines"}, true}}},
		{env, `products[order.id].title`, refs{{"products", nil, true}, {"order", []string{"id"}, true}}},
		{env, `products[order.id].title ?? ""`, refs{{"products", nil, false}, {"order", []string{"id"}, false}}},
		{env, `order?.absent?.x`, refs{{"order", []string{"absent", "x"}, true}}},
		{env.Each(line), `.sku + #.sku + order.id`, refs{{"", []string{"sku"}, true}, {"order", []string{"id"}, true}}},
		{env.Each(line), `products[.id].title`, refs{{"products", nil, true}, {"", []string{"id"}, true}}},
	} {
		if got := compile(t, tt.env, tt.src).Refs; !reflect.DeepEqual(got, []expression.Ref(tt.want)) {
			t.Errorf("Refs of %s = %+v, want %+v", tt.src, got, tt.want)
		}
	}
}
