package declared_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared"
	"tributary/upstream/declared/shape"
)

// refusals is a file whose batch does not ask for keys with a comma, and whose built-in
// source refuses each question.
var refusals = map[string]string{
	"any.json":  `{}`,
	"item.json": `{"type": "object", "properties": {"sku": {"type": "string"}}}`,
	"endpoints.yaml": `
version: 1
upstreams: {things: {}, goods: {}}
sources:
  thing: {get: things /thing, answer: any.json}
  items: {get: "goods /goods?sku={skus}", answer: item.json, batch: {over: skus, by: .sku, most: 3, join: ","}}
endpoints:
  /v1/items:
    scope: none
    parameters: {sku: {type: array, items: {type: string}, maxItems: 2000, required: true}}
    parts: {items: {ask: {skus: sku}, required: true}}
    data: items
  /v1/optional:
    scope: none
    parameters: {sku: {type: array, items: {type: string}, maxItems: 2000, required: true}}
    parts: {items: {ask: {skus: sku}}, thing: {ask: {}}}
    data: {items: items, thing: thing.a}
  /v1/few:
    scope: none
    parameters: {sku: {type: array, items: {type: string}}}
    parts: {items: {ask: {skus: sku}}}
    data: items
  /v1/given:
    scope: none
    parts: {thing: {ask: {}, required: true}, items: {ask: {skus: thing.skus}, required: true}}
    data: items
  /v1/user:
    scope: none
    parameters: {id: {type: string, required: true}}
    parts: {thing: {ask: {}, required: true}, user: {ask: {id: id}, required: true}}
    data: user
`}

// openRefusals connects refusals with upstreams.
func openRefusals(t *testing.T, things behaviour) *world {
	w := open(t, map[string]string{"endpoints.yaml": "version: 1\nendpoints: {}\n"}, map[string]behaviour{"things": things, "goods": answers(200, "[]")})
	d, mistakes := load(declared.Known{Files: folder(refusals), Sources: map[string]*declared.BuiltIn{
		"user": {Parameters: []declared.BuiltInParameter{{Name: "id", Kind: shape.Integer}}, Type: &shape.Type{}},
	}}, "endpoints.yaml")
	if d == nil {
		t.Fatalf("mistakes:\n%s", strings.Join(mistakes, "\n"))
	}
	c := w.connections()
	c.BuiltIn = map[string]declared.AskBuiltIn{
		"user": func(context.Context, []string, upstream.Directives) (aggregate.Encoded, aggregate.Outcome) {
			time.Sleep(time.Millisecond) // the other part has begun
			return aggregate.Encoded{}, aggregate.Outcome{Name: "user", Provenance: upstream.Provenance{
				State: upstream.Failed, Err: upstream.Errorf(upstream.CodeBadRequest, "id must be a positive integer"),
			}}
		},
	}
	w.table = d.Bind(c, nil)
	return w
}

func TestWhatTheCallerGaveAndNobodyCanBeAskedForIsItsMistake(t *testing.T) {
	for _, c := range []struct {
		name, path, given string
		things            behaviour
		parameter, detail string // none: it is no mistake of the caller
	}{
		{"a key that cannot be asked", "/v1/items", "sku=a,b", answers(200, "{}"), "sku", "1 of 1 keys cannot be asked"},
		{"a question that a built-in source refuses", "/v1/user", "id=x", answers(200, "{}"), "id", "id must be a positive integer"},
		{"the same while another part is asked", "/v1/user", "id=x", hangs, "id", "id must be a positive integer"},
		{"another part fails", "/v1/user", "id=x", answers(500, ""), "", ""},
		{"another optional part fails", "/v1/optional", "sku=a,b", answers(500, ""), "", ""},
		{"an upstream gave the key", "/v1/given", "", answers(200, `{"skus": ["a,b"]}`), "", ""},
	} {
		it(t, c.name, func(t *testing.T) {
			r := openRefusals(t, c.things).get(c.path, c.given)
			if c.parameter == "" {
				r.noAnswer(t)
				return
			}
			wrong, ok := errors.AsType[*declared.ParameterError](r.err)
			if !ok || wrong.Parameter != c.parameter || !strings.HasPrefix(wrong.Detail, c.detail) {
				t.Errorf("error = %v, want a ParameterError of %s: %s", r.err, c.parameter, c.detail)
			}
		})
	}
	it(t, "unless an upstream refused it", func(t *testing.T) {
		w := openRefusals(t, answers(200, "{}"))
		w.now("goods", answers(400, ""))
		w.get("/v1/items", "sku=a").noAnswer(t)
	})
}

func TestAnAnswerThatIsOneOfSeveralPagesIsInvalid(t *testing.T) {
	for link, more := range map[string]bool{
		`</a?p=2>; rel="next"`: true, `</a?p=2>; rel="prev next"`: true, `</a?p=2>; rel = "next"`: true, `</a?p=2>; title="a, b"; rel=next`: true,
		`</a?p=1>; title="a;rel=next"; rel=prev`: false, `</a?p=1>; rel="prev"`: false,
	} {
		it(t, link, func(t *testing.T) {
			w := openRefusals(t, answers(200, "{}"))
			w.now("goods", answers(200, `[{"sku": "a"}]`, "Link", link))
			if r := w.get("/v1/items", "sku=a"); (r.err != nil) != more {
				t.Errorf("error = %v, want one: %t", r.err, more)
			}
		})
	}
}

func TestOneRequestAsksForABoundedNumberOfKeys(t *testing.T) {
	given := func(n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprintf("sku=%d", i))
		}
		return all
	}
	it(t, "of 1,000 in a part", func(t *testing.T) {
		w := openRefusals(t, answers(200, "{}"))
		if r := w.get("/v1/items", given(1000)...); len(w.asked("goods")) != 334 {
			t.Errorf("%d calls, error %v; want 334", len(w.asked("goods")), r.err)
		}
	})
	it(t, "and for none of more", func(t *testing.T) {
		w := openRefusals(t, answers(200, "{}"))
		r := w.get("/v1/items", given(1001)...)
		if wrong, ok := errors.AsType[*declared.ParameterError](r.err); !ok || wrong.Detail != "more than 1,000 keys" {
			t.Errorf("error = %v, want a ParameterError that tells of more than 1,000 keys", r.err)
		}
		w.get("/v1/optional", given(1001)...).want(t, "{}", "items failed bad_request, thing live")
		w.wantAsked("goods")
	})
	it(t, "of 100 values where a parameter does not say how many it takes", func(t *testing.T) {
		w := openRefusals(t, answers(200, "{}"))
		if r := w.get("/v1/few", given(100)...); r.err != nil {
			t.Errorf("error = %v with 100 values", r.err)
		}
		if r := w.get("/v1/few", given(101)...); r.err == nil || !strings.Contains(r.err.Error(), "100") {
			t.Errorf("error = %v with 101 values, want one that names the limit", r.err)
		}
	})
}
