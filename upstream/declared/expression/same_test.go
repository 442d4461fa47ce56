package expression_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/expr-lang/expr"

	"tributary/upstream/declared/expression"
)

// Where nothing is absent and nothing overflows, an expression has the value that
// it has in expr itself.
func TestValuesAreThoseOfExpr(t *testing.T) {
	w, env := newWorld(t), expression.NewEnv(roots)
	values := map[string]any{}
	for name := range w {
		values[name], _ = w[name].Value(roots[name])
	}
	compared := 0
	for i := range 3000 {
		g := generator{rand.New(rand.NewPCG(uint64(i), 1))}
		src := g.of(g.one("number", "text", "boolean", "texts", "numbers"), g.IntN(5))
		p, mistake := env.Compile(src)
		if mistake != nil {
			if !strings.HasPrefix(mistake.Rule, "more than") {
				t.Errorf("Compile(%s): %s at %d", src, mistake.Rule, mistake.Offset)
			}
			continue
		}
		got, _, err := p.Run(w.get)
		want, failed := expr.Eval(src, values)
		if err != nil || failed != nil {
			continue // a division by zero, which is infinite in expr
		}
		if compared++; !reflect.DeepEqual(got, want) && fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s = %#v, want %#v", src, got, want)
		}
	}
	if compared < 2500 {
		t.Errorf("only %d of 3000 expressions were compared", compared)
	}
}

type generator struct{ *rand.Rand }

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

// forms are how a value of a kind can be written: what is in <> stands for another.
var forms = map[string][]string{
	"number": {`(<number> + <number>)`, `(<number> - <number>)`, `(<number> * <number>)`, `(<number> / <number>)`, `len(<texts>)`, `len(<text>)`,
		`(<boolean> ? <number> : <number>)`, `sum(<numbers>)`, `max(<number>, <number>)`, `(<number> ?? <number>)`, `count(<numbers>, # > order.n)`, `abs(<number>)`, `-<number>`},
	"text": {`(<text> + <text>)`, `lower(<text>)`, `join(<texts>, "-")`, `(<boolean> ? <text> : <text>)`, `replace(<text>, <text>, <text>)`, `trim(<text>)[0:2]`},
	"boolean": {`(<number> < <number>)`, `(<number> == <number>)`, `(<text> != <text>)`, `(<text> contains <text>)`, `(<text> startsWith <text>)`,
		`(<boolean> and <boolean>)`, `(<boolean> or <boolean>)`, `not <boolean>`, `(<text> in <texts>)`, `(<text> not in <texts>)`, `any(<texts>, # contains "A")`,
		`none(<texts>, len(#) > 1)`, `(<texts> == <texts>)`, `(<text> == nil)`, `any(order.lines, any(.tags ?? [], # == "y"))`},
	"texts":   {`map(<texts>, upper(#))`, `filter(<texts>, # != order.id)`, `split(<text>, "A")`, `uniq(<texts>)`, `[<text>, <text>]`},
	"numbers": {`map(<texts>, len(#))`, `filter(<numbers>, # > 1)`, `map(<numbers>, # + order.n)`, `[<number>, <number>]`},
}

var leaves = map[string][]string{
	"number":  {`1`, `7`, `2.5`, `order.n`, `order.total`, `order.ids[0]`, `order.lines[1].qty`, `order.customer_id`},
	"text":    {`"x"`, `order.id`, `order.state`, `order["a.b"]`, `products["A"].title`, `products[order.id].title`, `order.lines[0].sku`},
	"boolean": {`true`, `false`, `order.flag`},
	"texts":   {`order.tags`, `["a", "xx"]`, `map(order.lines, .sku)`},
	"numbers": {`order.ids`, `[1, 2, 3]`},
}

// of writes a value of a kind, at most so many levels deep.
func (g generator) of(kind string, depth int) string {
	if depth == 0 {
		return g.one(leaves[kind]...)
	}
	return placeholder.ReplaceAllStringFunc(g.one(forms[kind]...), func(kind string) string {
		return g.of(strings.Trim(kind, "<>"), depth-1)
	})
}

var placeholder = regexp.MustCompile(`<[a-z]+>`)
