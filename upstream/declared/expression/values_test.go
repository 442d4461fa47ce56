package expression_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/shape"
)

func TestFunctions(t *testing.T) {
	evaluate(t, expression.NewEnv(roots), newWorld(t), []evaluation{
		{`all(order.lines, .id > 0)`, true}, {`none(order.lines, .id > 2)`, false}, {`any(order.lines, .id == 3)`, true},
		{`one(order.lines, .id == 3)`, true}, {`count(order.lines, .id > 1)`, 2}, {`sum(order.ids)`, 7}, {`sum(order.lines, .id * 1.5)`, 9.0},
		{`map(filter(order.lines, .id > 1), .sku)`, []any{"B", "C"}}, {`order.lines | filter(.id > 1) | map(.sku) | join("-")`, "B-C"},
		{`len(order.lines)`, 3}, {`len(order.name)`, 12}, {`len(products)`, 3},
		{`abs(-3)`, 3}, {`abs(-1.5)`, 1.5}, {`ceil(1.2)`, 2.0}, {`floor(-1.2)`, -2.0}, {`round(order.total / 4)`, 3.0},
		{`int("42")`, 42}, {`int(2.9)`, 2}, {`int(order.id) + 1`, 18}, {`float("1.5")`, 1.5}, {`float(order.n)`, 2.0},
		{`string(order.n)`, "2"}, {`string(order.total)`, "10"}, {`string(1000000.0)`, "1000000"}, {`string(0.1)`, "0.1"},
		{`string(1e21)`, "1e+21"}, {`string(true)`, "true"}, {`string(order.id)`, "17"},
		{`trim("  x ")`, "x"}, {`trim("--x", "-")`, "x"}, {`trimPrefix("abc", "a")`, "bc"}, {`trimSuffix("abc", "c")`, "ab"},
		{`upper(order.name)`, "ZOË ÅNGSTRÖM"}, {`lower(order.state)`, "paid"}, {`hasPrefix(order.state, "PA")`, true}, {`hasSuffix(order.state, "X")`, false},
		{`indexOf(order.name, "Å")`, 4}, {`indexOf(order.name, "q")`, -1}, {`order.name[0:3]`, "Zoë"}, {`order.name[indexOf(order.name, " ") + 1:]`, "Ångström"},
		{`order.name[-3:]`, "röm"}, {`order.name[:99]`, "Zoë Ångström"}, {`order.name[5:2]`, ""}, {`order.tags[1:]`, []any{"a", "b"}},
		{`max(1, 2.5, order.n)`, 2.5}, {`min(order.ids)`, 1}, {`max(order.ids, 9)`, 9}, {`first(order.tags)`, "b"}, {`last(order.lines).sku`, "C"},
		{`uniq(order.tags)`, []any{"b", "a"}}, {`uniq(order.ids)`, []any{3, 1}}, {`uniq([[1, 2], [1, 2], [2, 1]])`, []any{[]any{1, 2}, []any{2, 1}}},
		{`join(order.tags)`, "bab"}, {`join(uniq(order.tags), ", ")`, "b, a"}, {`join([], ",")`, ""},
		{`split("a,b", ",")`, []any{"a", "b"}}, {`split("Zoë", "")`, []any{"Z", "o", "ë"}}, {`split("a,b", ",")[1]`, "b"}, {`join(split("a b", " "), "_")`, "a_b"},
		{`replace(order.state, "A", "aa")`, "PaaID"}, {`replace("ab", "", "-")`, "-a-b-"}, {`map(split("a,b", ","), upper(#))`, []any{"A", "B"}},
		{`order.state matches "^P.I"`, true}, {`order.state not matches "x$"`, true}, {`order.state contains "AI"`, true},
		{`"a" in order.tags`, true}, {`4 not in order.ids`, true}, {`"A" in products`, true}, {`"Z" in products`, false}, {`order.state in ["PAID", "SENT"]`, true},
		{`order.tags == ["b", "a", "b"]`, true}, {`order.tags != ["b"]`, true}, {`order.state < "Q"`, true}, {`order.any.deep[0] == 1`, true},
		{`order["a.b"] + "!"`, "dots!"}, {`order.in`, 5}, {`order.tags[-1]`, "b"}, {`{a: {b: 1}}.a.b`, 1}, {`(order.lines)[1].sku`, "B"},
		{`products[2].title`, "Two"}, {`products[order.n].title`, "Two"}, {`products["2"].title`, "Two"}, {`order.n > 1 ? "many" : "one"`, "many"},
	})
}

func TestArithmetic(t *testing.T) {
	evaluate(t, expression.NewEnv(roots), newWorld(t), []evaluation{
		{`order.n + 1`, 3}, {`order.n - 3`, -1}, {`order.n * order.n`, 4}, {`order.n / 4`, 0.5}, {`7 % 4`, 3}, {`-7 % 4`, -3},
		{`2 ** 10`, 1024.0}, {`order.total + order.n`, 12.0}, {`-order.n`, -2}, {`+order.n`, 2}, {`-order.total`, -10.0}, {`0.3 - 0.1`, 0.3 - float64(0.1)},
		{`order.big - 1`, math.MaxInt - 1}, {`order.big == 9223372036854775807`, true}, {`order.big == 9223372036854775806`, false},
		{`-order.big - 1`, math.MinInt}, {`order.big * -1`, -math.MaxInt}, {`(-order.big - 1) * 1`, math.MinInt}, {`(-order.big - 1) / 1 < 0`, true},
		{`1 + 2 * 3 - 4`, 3}, {`order.zero + 0`, 0}, {`order.zero * order.big`, 0},
	})
}

func TestErrorsOfARun(t *testing.T) {
	w, env := newWorld(t), expression.NewEnv(roots)
	const overflow, zero, wrong = "integer beyond 64 bits", "division by zero", "a value has the wrong type"
	for src, want := range map[string]string{
		`order.big + 1`:                         overflow,
		`-order.big - 2`:                        overflow,
		`order.big * 2`:                         overflow,
		`(-order.big - 1) * -1`:                 overflow,
		`-(-order.big - 1)`:                     overflow,
		`abs(-order.big - 1)`:                   overflow,
		`sum([order.big, 1])`:                   overflow,
		`sum(order.lines, order.big)`:           overflow,
		`int(1e300)`:                            overflow,
		`order.n / order.zero`:                  zero,
		`order.n % order.zero`:                  zero,
		`1 / order.zero > 3`:                    zero,
		`(1 / order.zero) ?? 0`:                 zero,
		`1e308 * 10`:                            "number beyond 64 bits",
		`10.0 ** 400`:                           "number beyond 64 bits",
		`float("Infinity")`:                     "number beyond 64 bits",
		`int(order.state)`:                      "int of text that is no integer of 64 bits",
		`float(order.state)`:                    "float of text that is no number",
		`order.any + 1`:                         wrong,
		`map(order.any, 1)`:                     wrong,
		`map(order.any.deep, # + 1)`:            wrong,
		`upper(order.any.deep[0])`:              "cannot be computed from these values",
		`order.any.deep < 1`:                    "cannot be computed from these values",
		`order.any ? 1 : 2`:                     "cannot be computed from these values",
		`join(order.any.deep)`:                  wrong,
		`replace(order.state, "", order.state)`: "",
	} {
		v, ok, err := compile(t, env, src).Run(w.get)
		if want == "" {
			if !ok || err != nil {
				t.Errorf("%s = %v, %t, %v, want a value", src, v, ok, err)
			}
			continue
		}
		if ok || v != nil || err == nil || err.Error() != want {
			t.Errorf("%s = %v, %t, %v, want %s", src, v, ok, err, want)
		}
	}
	broken := errors.New("no such value")
	_, ok, err := compile(t, env, `order.note ?? "x"`).Run(func(*expression.Ref) (any, error) { return nil, broken })
	if ok || !errors.Is(err, broken) {
		t.Errorf("Run = %t, %v, want the error of get", ok, err)
	}
}

func TestTypes(t *testing.T) {
	env := expression.NewEnv(roots)
	for src, want := range map[string]shape.Kind{
		`order.total`: shape.Number, `order.n + 1`: shape.Integer, `order.n / 1`: shape.Number, `order.state + "x"`: shape.Text,
		`order.n > 1`: shape.Boolean, `order.lines`: shape.List, `order.any`: shape.Any, `[1, 2]`: shape.List, `{a: 1}`: shape.Object,
		`order.note ?? "x"`: shape.Text, `find(order.lines, true)`: shape.Object, `len(order.id)`: shape.Integer, `first(order.any)`: shape.Any, `last(order.tags)`: shape.Text, `products[id].stock`: shape.Integer, `order.lines[0].price`: shape.Number,
		`order.flag ? 1 : "x"`: shape.Any, `split("a", "")`: shape.List, `products["a"]`: shape.Object, `nil`: shape.Any,
	} {
		if got := compile(t, env, src).Type.Kind; got != want {
			t.Errorf("type of %s = %s, want %s", src, got, want)
		}
	}
	for _, src := range []string{`order.lines`, `filter(order.lines, true)`, `uniq(order.lines)`} {
		if got := compile(t, env, src).Type; got.Items != line {
			t.Errorf("items of %s = %v, want the schema's type", src, got.Items)
		}
	}
	for src, want := range map[string]shape.Kind{
		`map(order.lines, .sku)`: shape.Text, `uniq(map(order.lines, .id))`: shape.Integer, `split("a", "")`: shape.Text, `order.ids[1:]`: shape.Integer,
	} {
		if got := compile(t, env, src).Type; got.Kind != shape.List || got.Items.Kind != want {
			t.Errorf("type of %s = %s of %v, want a list of %s", src, got.Kind, got.Items, want)
		}
	}
	for _, src := range []string{`first(order.lines)`, `order.lines[1]`, `find(order.lines, true)`, `uniq(order.lines)[0]`} {
		if got := compile(t, env, src).Type; got != line {
			t.Errorf("type of %s = %v, want the schema's", src, got)
		}
	}
	if got := compile(t, env.Each(line), `.price`).Type; got != number {
		t.Errorf("type of an item's member = %v, want the schema's", got)
	}
	if got := compile(t, env, `order.n + 1 > 2 and order.flag`).Steps(); got != 9 {
		t.Errorf("Steps = %d, want 9", got)
	}
}

// table is a part with very many members.
type table struct{ asked []string }

func (b *table) Lookup(key string) (any, error) {
	b.asked = append(b.asked, key)
	switch key {
	case "A", "3":
		return map[string]any{"title": strings.Repeat(key, 3)}, nil
	case "broken":
		return nil, errors.New("this one cannot be read")
	}
	return nil, nil
}

func TestLookups(t *testing.T) {
	w, env := newWorld(t), expression.NewEnv(roots)
	products := new(table)
	get := func(r *expression.Ref) (any, error) {
		if r.Root == "products" {
			return products, nil
		}
		return w.get(r)
	}
	for _, tt := range []evaluation{
		{`map(order.lines, products[.sku].title ?? "-")`, []any{"AAA", "-", "-"}},
		{`map(order.lines, products[.id].title ?? "-")`, []any{"-", "-", "333"}},
		{`products[order.note].title`, nil},
		{`order.id in products`, false},
		{`map(order.lines, .sku in products)`, []any{true, false, false}},
	} {
		got, ok, err := compile(t, env, tt.src).Run(get)
		if err != nil || ok != (tt.want != nil) || ok && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s = %v, %t, %v, want %v", tt.src, got, ok, err, tt.want)
		}
	}
	if got := strings.Join(products.asked, ","); got != "A,B,C,1,2,3,17,A,B,C" {
		t.Errorf("looked up %s", got)
	}
	if _, _, err := compile(t, env, `products[lower("BROKEN")].title ?? "x"`).Run(get); err == nil || err.Error() != "this one cannot be read" {
		t.Errorf("Run = %v, want the error of Lookup", err)
	}
	for _, src := range []string{`len(products)`, `products`, `[products]`, `map(order.lines, products)`} {
		if _, ok, err := compile(t, env, src).Run(get); ok || err == nil {
			t.Errorf("%s of a Lookup = %t, %v, want an error", src, ok, err)
		}
	}
}
