package declared_test

import (
	"fmt"
	"strings"
	"testing"

	"tributary/upstream"
)

func TestAnAnswerThatCannotBeUsedIsInvalid(t *testing.T) {
	const secret = "ada@example.org"
	const schema = `{"type": "object", "required": ["id"], "additionalProperties": false, "properties": {
		"id": {"type": "integer"}, "mail": {"type": "string", "pattern": "^[a-z]+$"}, "size": {"enum": ["s", "m"]},
		"list": {"type": "array", "maxItems": 10000, "items": {"type": "integer"}}}}`
	for _, c := range []struct {
		name   string
		status int
		body   string
		detail string
	}{
		{"no content", 204, "", "empty body"},
		{"an empty body", 200, "", "empty body"},
		{"white space", 200, "  \n", "ends before the value does"},
		{"text", 200, "<html>" + secret, "not valid JSON"},
		{"half of a value", 200, `{"id": 1, "mail": "` + secret, "ends before the value does"},
		{"two values", 200, `{"id": 1} {"id": 2}`, "something follows the value"},
		{"a member that comes twice", 200, `{"id": 1, "id": 2}`, "a member's name appears twice"},
		{"half of a surrogate pair", 200, `{"id": 1, "mail": "\ud800"}`, "half of a surrogate pair"},
		{"broken UTF-8", 200, "{\"id\": 1, \"mail\": \"\xff\"}", "broken UTF-8"},
		{"too deep", 200, strings.Repeat("[", 65) + strings.Repeat("]", 65), "nested more than 64 deep"},
		{"too many values", 200, `{"id": 1, "list": [1` + strings.Repeat(",1", 100_000) + `]}`, "more than 100,000 values"},
		{"too many items", 200, `{"id": 1, "list": [1` + strings.Repeat(",1", 10_000) + `]}`, "/list"},
		{"another type at the root", 200, `[1]`, "object"},
		{"null", 200, `null`, "object"},
		{"a member that is missing", 200, `{}`, "id"},
		{"a member of another type", 200, `{"id": "` + secret + `"}`, "/id"},
		{"a text of another pattern", 200, `{"id": 1, "mail": "` + secret + `"}`, "/mail: does not match its pattern"},
		{"a value that is not listed", 200, `{"id": 1, "size": "` + secret + `"}`, "/size"},
		{"a number that is too long", 200, `{"id": 1e5000}`, "more than 1,000 digits"},
		{"a fraction for an integer", 200, `{"id": 1.5}`, "/id"},
		{"a large body", 200, `{"id": 1, "mail": "` + strings.Repeat("a", 5<<20) + `"}`, "more than 4 MiB"},
	} {
		it(t, c.name, func(t *testing.T) {
			w := open(t, thing(schema, "{id: thing.id}"), map[string]behaviour{"things": answers(c.status, c.body)})
			o := w.get("/v1/thing").noAnswer(t).Sources[0]
			if o.State != upstream.Failed || o.Err.Code != upstream.CodeInvalidResponse || !strings.Contains(o.Err.Detail, c.detail) {
				t.Errorf("outcome = %s %v, want invalid_response with %q", o.State, o.Err, c.detail)
			}
			if text := fmt.Sprint(o.Err); strings.Contains(text, secret) || strings.Contains(text, "example") {
				t.Errorf("the error quotes the answer: %s", text)
			}
		})
	}
}

func TestAnAnswerIsReadAsItIsMeant(t *testing.T) {
	for _, c := range []struct{ name, body, data, want string }{
		{"behind a byte order mark", "\ufeff{\"id\": 1}", "{id: thing.id}", `{"id":1}`},
		{"with a list at its root", `[{"id": 1}, {"id": 2}]`, "{first: 'thing[0].id', all: {each: thing, as: {id: .id}}}", `{"first":1,"all":[{"id":1},{"id":2}]}`},
		{"with text at its root", `"ok"`, "{state: thing}", `{"state":"ok"}`},
		{"with null at its root", `null`, "{state: thing}", `{}`},
		{"without its line ends", "{\n  \"id\": [\n 1 ]\n}\n", "thing", `{"id":[1]}`},
		{"with 4 MiB of text", `{"id": "` + strings.Repeat("a", 4<<20-100) + `"}`, "{id: thing.id}", `{"id":"` + strings.Repeat("a", 4<<20-100) + `"}`},
	} {
		it(t, c.name, func(t *testing.T) {
			w := open(t, thing(`{}`, c.data), map[string]behaviour{"things": answers(200, c.body)})
			if r := w.get("/v1/thing"); r.err != nil || r.data != c.want || r.states() != "thing live" {
				t.Errorf("answer = %.100s (%s), error %v; want %.100s", r.data, r.states(), r.err, c.want)
			}
		})
	}
}

func TestAListOf10000ItemsIsComputed(t *testing.T) {
	it(t, "in one answer", func(t *testing.T) {
		body := `{"list": [{"id":1,"name":"x"}` + strings.Repeat(`,{"id":1,"name":"x"}`, 9_999) + `]}`
		data := "{all: {each: thing.list, as: {id: .id + 1, name: upper(.name)}}, sum: 'sum(thing.list, .id)'}"
		w := open(t, thing(typed, data), map[string]behaviour{"things": answers(200, body)})
		want := `{"all":[{"id":2,"name":"X"}` + strings.Repeat(`,{"id":2,"name":"X"}`, 9_999) + `],"sum":10000}`
		if r := w.get("/v1/thing"); r.err != nil || r.data != want {
			t.Errorf("answer = %.200s, error %v; want %.200s", r.data, r.err, want)
		}
	})
}

func TestAnAnswerLargerThanALimitIsAnError(t *testing.T) {
	it(t, "when data multiplies what came", func(t *testing.T) {
		data := ""
		for i := range 5 {
			data += fmt.Sprintf("\n  m%d: thing", i)
		}
		body := `{"id": "` + strings.Repeat("a", 4<<20-100) + `"}`
		w := open(t, thing(`{}`, data), map[string]behaviour{"things": answers(200, body)})
		if r := w.get("/v1/thing"); r.err == nil || !strings.Contains(r.err.Error(), "larger than 16 MiB") {
			t.Errorf("error = %v with %d bytes, want one that names the limit", r.err, len(r.data))
		}
	})
}

func TestValid(t *testing.T) {
	files := map[string]string{
		"order.json": `{"type": "object", "properties": {"id": {"type": "integer"}, "text": {"type": "string"}}}`,
		"endpoints.yaml": `
version: 1
upstreams: {orders: {}}
sources:
  order: {get: "orders /orders/{id}", answer: order.json, valid: answer.id == id}
  named: {get: "orders /named/{name}", answer: order.json, valid: answer.text == name}
  given: {get: "orders /given", answer: order.json, valid: answer.text != nil}
endpoints:
  /v1/orders/{id}:
    scope: none
    parameters: {id: {type: integer}}
    parts: {order: {ask: {id: id}, required: true}}
    data: {id: order.id}
  /v1/named/{name}:
    scope: none
    parameters: {name: {type: string}}
    parts: {named: {ask: {name: name}, required: true}}
    data: {text: named.text}
  /v1/given:
    scope: none
    parts: {given: {ask: {}, required: true}}
    data: {text: given.text}
`}
	for _, c := range []struct{ name, path, parameter, body, want string }{
		{"holds for the thing that was asked for", "/v1/orders/{id}", "id=7", `{"id": 7}`, `{"id":7}`},
		{"compares integers by value", "/v1/orders/{id}", "id=7", `{"id": 7.0}`, `{"id":7.0}`},
		{"compares long integers", "/v1/orders/{id}", "id=9007199254740993", `{"id": 9007199254740993}`, `{"id":9007199254740993}`},
		{"refuses another thing", "/v1/orders/{id}", "id=7", `{"id": 8}`, ""},
		{"refuses a neighbour of a long integer", "/v1/orders/{id}", "id=9007199254740993", `{"id": 9007199254740992}`, ""},
		{"refuses an answer that is absent", "/v1/orders/{id}", "id=7", `{}`, ""},
		{"compares text", "/v1/named/{name}", "name=a", `{"text": "a"}`, `{"text":"a"}`},
		{"compares text that looks like a number", "/v1/named/{name}", "name=07", `{"text": "07"}`, `{"text":"07"}`},
		{"refuses other text", "/v1/named/{name}", "name=a", `{"text": "b"}`, ""},
		{"asks for presence", "/v1/given", "", `{}`, ""},
	} {
		it(t, c.name, func(t *testing.T) {
			w := open(t, files, map[string]behaviour{"orders": answers(200, c.body)})
			r := w.get(c.path, c.parameter)
			if c.want != "" {
				if r.err != nil || r.data != c.want {
					t.Errorf("answer = %s, error %v; want %s", r.data, r.err, c.want)
				}
				return
			}
			if o := r.noAnswer(t).Sources[0]; o.Err == nil || o.Err.Code != upstream.CodeInvalidResponse {
				t.Errorf("outcome = %s %v, want invalid_response", o.State, o.Err)
			}
		})
	}
}
