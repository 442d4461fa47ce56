package expression_test

import (
	"testing"

	"tributary/upstream/declared/expression"
)

func BenchmarkRun(b *testing.B) {
	env := expression.NewEnv(roots)
	values := func(r *expression.Ref) (any, error) {
		if len(r.Path) == 0 {
			return nil, nil
		}
		switch r.Path[0] {
		case "state":
			return "PAID", nil
		case "id":
			return "17", nil
		case "n":
			return 2, nil
		}
		return nil, nil
	}
	for _, bench := range []struct{ name, src string }{
		{"reference", `order.state`},
		{"call", `lower(order.state)`},
		{"concatenation", `order.state + " " + order.id`},
		{"comparison", `order.state == "PAID" and order.n > 1`},
		{"attempt", `lower(order.name) ?? "none"`},
	} {
		p := compile(b, env, bench.src)
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok, err := p.Run(values); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

// An endpoint of three computed leaves has one environment for all of them.
func BenchmarkCompile(b *testing.B) {
	env := expression.NewEnv(roots)
	for _, bench := range []struct {
		name, src string
		env       *expression.Env
	}{
		{"text", `order.state + " " + lower(customer.last)`, env},
		{"item", `products[.sku].title ?? upper(.sku)`, env.Each(line)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, mistake := bench.env.Compile(bench.src); mistake != nil {
					b.Fatal(mistake)
				}
			}
		})
	}
	b.Run("environment", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, mistake := expression.NewEnv(roots).Compile(`id`); mistake != nil {
				b.Fatal(mistake)
			}
		}
	})
}
