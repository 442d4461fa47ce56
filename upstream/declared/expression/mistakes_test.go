package expression_test

import (
	"strings"
	"testing"

	"tributary/upstream/declared/expression"
)

type wrong struct {
	src    string
	offset int
	rule   string
}

func TestMistakes(t *testing.T) {
	env := expression.NewEnv(roots)
	for name, cases := range map[string][]wrong{
		"names": {
			{`order.customer_ID`, 6, "unknown field customer_ID"},
			{`order?.customer_ID`, 7, "unknown field customer_ID"},
			{`order["custmer"] + "x"`, 6, "unknown field custmer"},
			{`"é" + order.lines[0].skuu`, 21, "unknown field skuu"},
			{`map(order.lines, .skuu)`, 18, "unknown field skuu"},
			{`products[order.id].titel`, 19, "unknown field titel"},
			{`first(order.lines).skuu`, 19, "unknown field skuu"},
			{`find(order.lines, true).skuu`, 24, "unknown field skuu"},
			{`nope + 1`, 0, "unknown name nope"},
			{`1 + lower`, 4, "unknown name lower"},
			{`order.id + $env.id`, 11, "unknown name $env"},
			{`$env["order"]`, 0, "unknown name $env"},
			{`$env`, 0, "unknown name $env"},
		},
		"types": {
			{`order.id + order.n`, 9, "invalid operation: + (mismatched types text and integer)"},
			{`order.total > "3"`, 12, "invalid operation: > (mismatched types number and text)"},
			{`order.id == order.customer_id`, 9, "invalid operation: == (mismatched types text and integer)"},
			{`upper(order.n)`, 12, "cannot use integer as argument (type text) to call upper"},
			{`join(order.id)`, 0, "argument 1 has the wrong type: it is join(list of text, text between)"},
			{`order.lines[order.id].sku`, 18, "a list's items have numbers, not text"},
			{`order.lines.sku`, 12, "array elements can only be selected using an integer (got text)"},
			{`products[order.total]`, 15, "an object's members have names, not a number"},
			{`order.lines["0" + "1"]`, 16, "a list's items have numbers, not text"},
			{`join(order.ids, ",")`, 11, "join takes a list of text, not of an integer: map(…, string(#)) makes one"},
			{`string(order.lines)`, 13, "string takes a number, a boolean or text, not a list"},
			{`order.id.x`, 9, "type text has no field x"},
			{`order.id[0]`, 8, "type text has no items"},
			{`last(order.id)`, 0, "type text has no items"},
			{`first()`, 0, "invalid number of arguments (expected 1, got 0)"},
			{`abs(order.lines)`, 0, "invalid argument for abs (type list)"},
			{`order.n[1:]`, 7, "cannot slice integer"},
			{`int(order.lines)`, 0, "invalid argument for int (type list)"},
			{`order.total in order.tags`, 12, "cannot use number as type text in array"},
			{`filter(order.lines, .sku)`, 20, "predicate should return boolean (got text)"},
			{`order.n ? 1 : 2`, 6, "non-bool expression (type integer) used as condition"},
			{`replace(order.id, "x")`, 0, "wrong number of arguments: it is replace(text, old, new)"},
			{`uniq(nil)`, 0, "argument 1 has the wrong type: it is uniq(list)"},
			{`uniq()`, 0, "wrong number of arguments: it is uniq(list)"},
			{`lower()`, 0, "not enough arguments to call lower"},
			{`9223372036854775808`, 19, "invalid integer literal"},
		},
		"functions": {
			{`1 + now()`, 4, "unknown function now"},
			{`shout(order.id)`, 0, "unknown function shout"},
			{`::now()`, 2, "unknown function now"},
			{`reduce(order.ids, #acc + #, 0)`, 0, "unknown function reduce"},
			{`sortBy(order.lines, .sku)`, 0, "unknown function sortBy"},
			{`repeat("x", 3)`, 0, "unknown function repeat"},
			{`order.id | toJSON()`, 11, "unknown function toJSON"},
			{`order.lower()`, 6, "methods cannot be called"},
			{`order()`, 0, "order is not a function"},
			{` need(order.id)`, 1, "unknown function need"},
		},
		"what could run long": {
			{`1..9`, 1, "ranges (..) cannot be used here"},
			{`order.id matches order.state`, 9, "matches takes a constant pattern"},
			{`order.id matches "(" `, 9, "error parsing regexp: missing closing ): `(`"},
			{`all(order.lines, any(order.lines, true))`, 17, "any within another predicate takes a list of the item: this one is walked anew for each item"},
			{`map(order.lines, sum(order.ids, #))`, 17, "sum within another predicate takes a list of the item: this one is walked anew for each item"},
			{`map(order.lines, map(.tags, map([1], #)))`, 28, "map within another predicate takes a list of the item: this one is walked anew for each item"},
			{strings.Repeat("1+", 100) + "1", 200, "more than 200 operands, operators and calls"},
			{strings.Repeat(" ", 4096) + "1", 4096, "longer than 4,096 characters"},
		},
		"syntax": {
			{``, 0, "empty"},
			{" \n ", 0, "empty"},
			{`order.`, 6, "ends too early"},
			{`order.id +`, 10, "ends too early"},
			{`lower(order.id`, 14, "ends too early"},
			{`"text`, 5, "literal not terminated"},
			{`order.id)`, 8, "unexpected )"},
			{`order.id order.n`, 9, `unexpected token Identifier("order")`},
			{`é + "x" ~ 1`, 8, "unrecognized character: U+007E '~'"},
			{`.sku`, 0, `unexpected token Operator(".")`},
			{`order.id; order.n`, 16, "more than one expression"},
			{`let x = order.id; x`, 4, "let cannot be used here"},
			{`b"bytes"`, 0, "bytes cannot be used here"},
			{`map(order.lines, #index)`, 17, "#index cannot be used here"},
			{`1 < order.n < 3`, 12, "a < b < c cannot be used here: a < b and b < c can"},
			{`1 < order.n < 3 < 4`, 16, "a < b < c cannot be used here: a < b and b < c can"},
			{`order.flag ?: true`, 6, "?: without a value between ? and :"},
			{"order.id\xff", 0, "broken UTF-8"},
		},
	} {
		t.Run(name, func(t *testing.T) { mistaken(t, env, cases) })
	}
}

func TestMistakesBesideAnItem(t *testing.T) {
	mistaken(t, expression.NewEnv(roots).Each(line), []wrong{
		{`.skuu`, 1, "unknown field skuu"},
		{`.sku + .qty`, 5, "invalid operation: + (mismatched types text and integer)"},
		{`products[.sku].titel`, 15, "unknown field titel"},
		{`.sku +`, 6, "ends too early"},
		{`.sku + "x`, 9, "literal not terminated"},
		{`.sku /* x`, 9, "unclosed comment"},
		{`(.sku`, 5, "ends too early"},
		{`.sku) + (.sku`, 4, "unexpected )"},
		{`.sku)), map(items__, (.sku`, 4, "unexpected )"},
		{`items__`, 0, "unknown name items__"},
		{`.sku, .qty`, 4, `unexpected token Operator(",")`},
		{`.sku; .qty`, 7, "more than one expression"},
		{`#index`, 0, "#index cannot be used here"},
		{`nope`, 0, "unknown name nope"},
	})
}

func mistaken(t *testing.T, env *expression.Env, cases []wrong) {
	t.Helper()
	for _, tt := range cases {
		_, mistake := env.Compile(tt.src)
		if mistake == nil {
			t.Errorf("Compile(%.60s) succeeds, want %s", tt.src, tt.rule)
			continue
		}
		if mistake.Offset != tt.offset || mistake.Error() != tt.rule {
			t.Errorf("Compile(%.60s): %q at %d, want %q at %d", tt.src, mistake.Rule, mistake.Offset, tt.rule, tt.offset)
		}
	}
}
