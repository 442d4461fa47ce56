package expression_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/shape"
)

// large is a world in which an upstream sends much: 20,000 lines and tags, and a
// note of 64 kB.
func large() func(*expression.Ref) (any, error) {
	const many = 20_000
	lines, tags := make([]any, many), make([]any, many)
	for i := range many {
		lines[i] = map[string]any{"sku": "S" + strconv.Itoa(i), "id": i, "tags": []any{"a", "b"}}
		tags[i] = strconv.Itoa(i)
	}
	order := map[string]any{"lines": lines, "tags": tags, "note": strings.Repeat("x", expression.MaxText), "state": "PAID", "any": []any{strings.Repeat("x", expression.MaxText)}}
	return func(r *expression.Ref) (any, error) {
		if r.Root != "order" || len(r.Path) != 1 {
			return nil, nil
		}
		return order[r.Path[0]], nil
	}
}

func TestWhatOneRunCouldMultiplyIsBounded(t *testing.T) {
	env, get := expression.NewEnv(roots), large()
	const work, long = "reads or builds too much", "text of more than 64 kB"
	for src, want := range map[string]string{
		`any(order.lines, .sku in order.tags)`:                                    work,
		`any(order.lines, order.tags == order.lines)`:                             work,
		`any(order.lines, order.tags != order.tags)`:                              work,
		`all(order.lines, len(uniq(order.tags)) > 0)`:                             work,
		`all(order.lines, max(order.ids ?? map(.tags, 1)) > 0)`:                   "",
		`any(order.lines, join(order.tags, "") == "")`:                            long,
		`any(order.lines, order.note contains .sku)`:                              work,
		`any(order.lines, order.note matches "(x|xx)+y")`:                         work,
		`any(order.lines, len(split(order.note, "")) == 0)`:                       work,
		`map(order.lines, upper(order.note))`:                                     work,
		`map(order.lines, replace(.sku, "", "` + strings.Repeat("x", 999) + `"))`: work,
		`map(order.lines, .sku + "` + strings.Repeat("x", 999) + `")`:             work,
		`map(order.lines, upper(order.any[0]))`:                                   work,
		`map(order.lines, lower(order.note) ?? "")`:                               work,
		`map(order.lines, sum(map(.tags, len(order.note)), #))`:                   work,
		`replace(order.note, "x", order.note)`:                                    long,
		`replace(order.note, "", "ab")`:                                           long,
		`order.note + order.note`:                                                 long,
		`join(order.tags, order.note)`:                                            long,
		`len(join(order.tags, "-"))`:                                              long,
		`len(uniq(order.tags))`:                                                   "",
		`len(split(order.note, ""))`:                                              "",
		`order.note matches "(x|xx)+y"`:                                           "",
		`count(order.lines, .sku startsWith order.state)`:                         "",
		`count(order.lines, any(.tags, # == "b"))`:                                "",
		`len(map(order.lines, .sku + "-" + order.state))`:                         "",
		`"19999" in order.tags`:                                                   "",
		`sum(order.lines, .id)`:                                                   "",
		doubled(`order.tags[:2]`, 30):                                             work,
		doubled(`order.tags[:2]`, 30) + ` == []`:                                  work,
		`uniq(` + doubled(`order.tags[:2]`, 30) + `)`:                             work,
		`max(` + doubled(`order.ids ?? [1]`, 30) + `)`:                            work,
		`map(` + doubled(`order.tags[:2]`, 25) + walked(25):                       work,
	} {
		p, mistake := env.Compile(src)
		if mistake != nil {
			t.Errorf("Compile(%.60s): %s", src, mistake.Rule)
			continue
		}
		v, ok, err := p.Run(get)
		switch {
		case want == "" && (!ok || err != nil):
			t.Errorf("%.60s = %v, %t, %v, want a value", src, v, ok, err)
		case want != "" && (ok || err == nil || err.Error() != want):
			t.Errorf("%.60s = %t, %v, want %s", src, ok, err, want)
		}
	}
}

// doubled is a list of lists that has each item of the first one very often.
func doubled(list string, times int) string {
	return strings.Repeat("map(", times) + list + strings.Repeat(", [#, #])", times)
}

// walked visits all that a doubled list has.
func walked(times int) string {
	return strings.Repeat(", map(#", times-1) + ", # == #" + strings.Repeat(")", times)
}

// A run that went wrong leaves nothing behind for the next one on its machine.
func TestRunsDoNotMeet(t *testing.T) {
	env, w, many := expression.NewEnv(roots), newWorld(t), large()
	failing := compile(t, env, `map(order.lines, lower(order.note) ?? "")`)
	reading := compile(t, env, `order.note ?? "none"`)
	for range 10 {
		if _, ok, err := failing.Run(many); ok || err == nil {
			t.Fatalf("Run = %t, %v, want an error", ok, err)
		}
		if v, ok, err := reading.Run(w.get); v != "none" || !ok || err != nil {
			t.Fatalf("Run = %v, %t, %v, want none", v, ok, err)
		}
	}
}

func TestOneProgramForManyGoroutines(t *testing.T) {
	w := newWorld(t)
	p := compile(t, expression.NewEnv(roots).Each(line), `(.qty * 2) ?? sum(map(order.lines, (.qty + .id) ?? 100), #)`)
	want := []any{2, 4, 106}
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			inner := w.item(g % 3)
			for range 200 {
				if v, ok, err := p.Run(inner.get); v != want[g%3] || !ok || err != nil {
					t.Errorf("Run = %v, %t, %v, want %v", v, ok, err, want[g%3])
					return
				}
			}
		})
	}
	group.Wait()
}

// One environment compiles all that an endpoint has, with each list's own item.
func TestEachIsOneEnvironmentForAType(t *testing.T) {
	env := expression.NewEnv(roots)
	once, again := env.Each(line), env.Each(line)
	if once != again || once.Each(product) != env.Each(product) {
		t.Error("Each makes a new environment for the same type")
	}
	if _, mistake := env.Each(product).Compile(`.title + .sku`); mistake == nil || mistake.Rule != "unknown field sku" {
		t.Errorf("mistake = %v, want unknown field sku", mistake)
	}
	p := compile(t, env.Each(nil), `.anything.at.all ?? "x"`)
	if p.Type.Kind != shape.Any {
		t.Errorf("type = %s", p.Type.Kind)
	}
}
