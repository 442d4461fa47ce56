package declared_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared"
	"tributary/upstream/declared/shape"
)

// withUser is a file whose parts ask the built-in source user, beside one that is
// declared.
var withUser = map[string]string{
	"any.json": `{"type": "object", "properties": {"name": {"type": "string"}}}`,
	"endpoints.yaml": `
version: 1
upstreams: {things: {}}
sources:
  thing: {get: "things /{id}", answer: any.json}
endpoints:
  /v1/optional/{id}:
    scope: none
    parameters: {id: {type: integer}}
    parts: {thing: {ask: {id: id}}, user: {ask: {id: id}}}
    data: {thing: thing.name, user: user.name}
  /v1/required/{id}:
    scope: none
    parameters: {id: {type: integer}}
    parts: {thing: {ask: {id: id}}, user: {ask: {id: id}, required: true}}
    data: {thing: thing.name, user: user.name}
`}

// openWithUser connects withUser; a nil ask is a source that nothing can be asked of.
func openWithUser(t *testing.T, ask declared.AskBuiltIn) *world {
	t.Helper()
	w := open(t, map[string]string{"any.json": withUser["any.json"], "endpoints.yaml": "version: 1\nupstreams: {things: {}}\n"},
		map[string]behaviour{"things": answers(200, `{"name": "thing"}`)})
	user := &declared.BuiltIn{
		Parameters: []declared.BuiltInParameter{{Name: "id", Kind: shape.Integer}},
		Type:       &shape.Type{Kind: shape.Object, Fields: map[string]*shape.Type{"name": {Kind: shape.Text}}},
	}
	d, mistakes := load(declared.Known{Files: folder(withUser), Sources: map[string]*declared.BuiltIn{"user": user}}, "endpoints.yaml")
	if d == nil {
		t.Fatal(strings.Join(mistakes, "\n"))
	}
	c := w.connections()
	if ask != nil {
		c.BuiltIn = map[string]declared.AskBuiltIn{"user": ask}
	}
	w.table = d.Bind(c, nil)
	return w
}

func TestBuiltInSourceThatIsSwitchedOff(t *testing.T) {
	for name, ask := range map[string]declared.AskBuiltIn{
		"it has nobody to ask": nil,
		"its providers are disabled": func(context.Context, []string, upstream.Directives) (aggregate.Encoded, aggregate.Outcome) {
			return aggregate.Encoded{}, aggregate.Composite("user", nil, aggregate.ErrSwitchedOff)
		},
	} {
		it(t, name, func(t *testing.T) {
			w := openWithUser(t, ask)
			w.get("/v1/optional/{id}", "id=1").want(t, `{"thing":"thing"}`, "thing live, user skipped")
			if r := w.get("/v1/required/{id}", "id=1"); !errors.Is(r.err, aggregate.ErrSwitchedOff) {
				t.Errorf("a required part: error = %v, want ErrSwitchedOff", r.err)
			}
		})
	}
}

func TestPanicInAPartIsThatOfTheRequest(t *testing.T) {
	it(t, "can be recovered by who asks", func(t *testing.T) {
		w := openWithUser(t, func(context.Context, []string, upstream.Directives) (aggregate.Encoded, aggregate.Outcome) {
			panic("a fault")
		})
		defer func() {
			if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), "a fault") {
				t.Errorf("recovered %v, want the part's panic", err)
			}
		}()
		w.get("/v1/optional/{id}", "id=1")
	})
}

func TestFirstOfAsksNobodyForACallerWhoHasGone(t *testing.T) {
	it(t, "when the first of them ends with its caller", func(t *testing.T) {
		w := open(t, rates, map[string]behaviour{"first": hangs, "second": rate("2"), "third": rate("3"), "other": rate("1")})
		ctx, cancel := context.WithTimeout(t.Context(), patience/4)
		defer cancel()
		q := declared.Query{Parameters: []json.RawMessage{json.RawMessage(`"EUR"`)}}
		if _, _, err := w.table.Answer(ctx, w.endpoint("/v1/rates/{currency}"), q); err == nil {
			t.Error("no error, want that of a required part")
		}
		time.Sleep(patience)
		w.wantAsked("first", "/rates?of=EUR")
		w.wantAsked("second")
	})
}
