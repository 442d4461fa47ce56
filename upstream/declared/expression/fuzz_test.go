package expression_test

import (
	"math"
	"reflect"
	"testing"
	"unicode/utf8"

	"tributary/upstream/declared/expression"
)

// Any source is a program, or has a mistake within it. A program gives the same
// value each time, one that JSON can write, or an error.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`order.state == "PAID" and order.n > 1`, `sum(order.lines, .qty ?? 0)`, `products[order.id].title ?? upper(order.name)`,
		`map(filter(order.lines, .qty != nil), {sku: .sku, n: .qty * 2})`, `order.n > 1 ? order.note : join(uniq(order.tags), ", ")`,
		`(order.big + 1) ?? -order.total / order.zero`, `order.name[2:-1] matches "^.ë"`, `1 < order.n < 3`, `a ?: b`, `let x = 1; x`,
		`map(order.lines, any(.tags ?? [], # in order.tags))`, `$env`, `b"x"`, `.sku + string(.qty)`, `"\xff\u{1F600}" + order.id`, `#.id`,
		`order?.absent?.["x"]`, `not (order.late ?? true)`, `::len(order.ids)`, `order.ids | map(# + 1) | max()`, `if true { 1 } else { 2 }`, `// x`, `'a' + "b`,
	} {
		f.Add(seed)
	}
	w := newWorld(f)
	root := expression.NewEnv(roots)
	f.Fuzz(func(t *testing.T, src string) {
		check(t, root, w, src)
		check(t, root.Each(line), w.item(0), src)
		check(t, root.Each(line), w.item(2), src)
	})
}

func check(t *testing.T, env *expression.Env, w world, src string) {
	t.Helper()
	p, mistake := env.Compile(src)
	if mistake != nil {
		if mistake.Offset < 0 || mistake.Offset > utf8.RuneCountInString(src) || mistake.Rule == "" {
			t.Fatalf("%q: mistake %q at %d", src, mistake.Rule, mistake.Offset)
		}
		return
	}
	if steps := p.Steps(); steps < 1 || steps > expression.MaxNodes || p.Type == nil {
		t.Fatalf("%q: %d steps, type %v", src, steps, p.Type)
	}
	v, ok, err := p.Run(w.get)
	again, alike, failed := p.Run(w.get)
	if !reflect.DeepEqual(v, again) || ok != alike || (err == nil) != (failed == nil) {
		t.Fatalf("%q: first %v, %t, %v, then %v, %t, %v", src, v, ok, err, again, alike, failed)
	}
	if ok != (v != nil) || err != nil && ok || !plain(v) {
		t.Fatalf("%q: %#v, %t, %v", src, v, ok, err)
	}
}

// plain reports whether JSON can write a value as it is.
func plain(v any) bool {
	switch v := v.(type) {
	case nil, bool, int:
		return true
	case string:
		return utf8.ValidString(v)
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	case []any:
		for _, item := range v {
			if !plain(item) {
				return false
			}
		}
		return true
	case map[string]any:
		for key, member := range v {
			if !utf8.ValidString(key) || !plain(member) {
				return false
			}
		}
		return true
	}
	return false
}
