package declared_test

import (
	"strings"
	"testing"
)

// thing is a file with one part, whose answer may be anything, and data.
func thing(schema, data string) map[string]string {
	return map[string]string{
		"thing.json": schema,
		"endpoints.yaml": `
version: 1
upstreams: {things: {}}
sources: {thing: {get: things /thing, answer: thing.json}}
endpoints:
  /v1/thing:
    scope: none
    parameters: {given: {type: string}, number: {type: integer, default: 3}}
    parts: {thing: {ask: {}, required: true}}
    data: ` + strings.ReplaceAll(data, "\n", "\n    ") + "\n",
	}
}

// typed is the schema of things whose members have types.
const typed = `{"type": "object", "properties": {
	"text": {"type": ["string", "null"]}, "n": {"type": ["integer", "null"]}, "x": {"type": ["number", "null"]}, "yes": {"type": "boolean"},
	"list": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}},
	"rows": {"type": "array", "items": {"type": "object", "properties": {"cells": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}}}}}}},
	"names": {"type": "array", "items": {"type": "string"}},
	"inner": {"type": "object", "properties": {"a": {"type": "string"}, "f.g": {"type": "string"}}}}}`

func TestAbsence(t *testing.T) {
	for _, c := range []struct{ name, data, answer, want string }{
		{"leaves a path to nothing out", "{a: thing.text, b: thing.yes}", `{"yes": true}`, `{"b":true}`},
		{"leaves null out", "{a: thing.text, b: thing.yes}", `{"text": null, "yes": true}`, `{"b":true}`},
		{"leaves a member of nothing out", "{a: thing.inner.a, b: thing.yes}", `{"yes": false}`, `{"b":false}`},
		{"leaves out what is computed from nothing", "{a: thing.text + 'x', b: thing.n + 1, c: thing.yes}", `{"yes": true}`, `{"c":true}`},
		{"leaves out a comparison with nothing", "{a: thing.text != 'x', b: thing.n > 1, c: thing.yes}", `{"yes": true}`, `{"c":true}`},
		{"leaves out what is computed from null", "{a: string(thing.n), c: thing.yes}", `{"n": null, "yes": true}`, `{"c":true}`},
		{"leaves out a mapping without values", "{a: {b: thing.text, c: {d: thing.n}}, e: thing.yes}", `{"yes": true}`, `{"e":true}`},
		{"keeps the root", "{a: thing.text}", `{}`, `{}`},
		{"is not empty text", "{a: thing.text}", `{"text": ""}`, `{"a":""}`},
		{"is not 0", "{a: thing.n}", `{"n": 0}`, `{"a":0}`},
		{"is of each over nothing", "{a: {each: thing.list, as: {id: .id}}, e: thing.yes}", `{"yes": true}`, `{"e":true}`},
		{"is not of each over an empty list", "{a: {each: thing.list, as: {id: .id}}}", `{"list": []}`, `{"a":[]}`},
		{"leaves out an item without values", "{a: {each: thing.list, as: {id: .id}}}", `{"list": [{"id": 1}, {}, {"id": 3}]}`, `{"a":[{"id":1},{"id":3}]}`},
		{"leaves out members of an item", "{a: {each: thing.list, as: {id: .id, name: .name}}}", `{"list": [{"id": 1, "name": "x"}, {"id": 2}]}`, `{"a":[{"id":1,"name":"x"},{"id":2}]}`},
		{"copies items", "{a: {each: thing.names, as: .}}", `{"names": ["x", "y"]}`, `{"a":["x","y"]}`},
		{"computes items", "{a: {each: thing.names, as: 'upper(#)'}}", `{"names": ["x", "y"]}`, `{"a":["X","Y"]}`},
		{"has another value with ??", `{a: "thing.text ?? 'none'"}`, `{}`, `{"a":"none"}`},
		{"can be asked for", "{a: thing.text == nil}", `{}`, `{"a":true}`},
		{"needs the branch that is taken", "{a: 'thing.yes ? 1 : thing.n'}", `{"yes": true}`, `{"a":1}`},
		{"is beyond the end of a list", "{a: 'thing.names[2]', b: 'thing.names[0]'}", `{"names": ["x"]}`, `{"b":"x"}`},
		{"reads a key with a dot", `{a: 'thing.inner["f.g"]'}`, `{"inner": {"f.g": "x"}}`, `{"a":"x"}`},
		{"is of a parameter that is not given", "{a: given, b: number}", `{}`, `{"b":3}`},
		{"gives a part as it came", "thing", `{"z": 1, "a": [null, {"b": 1.10}]}`, `{"z":1,"a":[null,{"b":1.10}]}`},
		{"keeps nulls within what is copied", "{a: thing.list}", `{"list": [{"id": 1, "more": null}]}`, `{"a":[{"id":1,"more":null}]}`},
		{"has constants", "{a: '\"EUR\"', b: 10, c: true, d: 1.5}", `{}`, `{"a":"EUR","b":10,"c":true,"d":1.5}`},
	} {
		it(t, c.name, func(t *testing.T) {
			w := open(t, thing(typed, c.data), map[string]behaviour{"things": answers(200, c.answer)})
			w.get("/v1/thing").want(t, c.want, "thing live")
		})
	}
}

func TestAPathCopiesWhatCame(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"a number with a zero at its end", "1.10"},
		{"an integer beyond float64", "9007199254740993"},
		{"an integer beyond 64 bits", "123456789012345678901234567890"},
		{"a number beyond float64", "1e400"},
		{"minus zero", "-0"},
		{"empty text", `""`},
		{"escapes", `"\u00e9\/\u0000<>&"`},
		{"letters", `"日本 é <>&"`},
		{"an empty object", "{}"},
		{"an empty list", "[]"},
		{"a list with nulls", "[null,null]"},
		{"the order of members", `{"z":1,"a":2,"":3,"a.b":4}`},
	} {
		it(t, c.name, func(t *testing.T) {
			w := open(t, thing(`{}`, "{a: thing.a, list: {each: thing.list, as: {b: .b}}}"),
				map[string]behaviour{"things": answers(200, `{"a": `+c.value+`, "list": [{"b": `+c.value+`}]}`)})
			w.get("/v1/thing").want(t, `{"a":`+c.value+`,"list":[{"b":`+c.value+`}]}`, "thing live")
		})
	}
}

func TestWhatCannotBeComputedIsAbsentWithAnError(t *testing.T) {
	long := strings.Repeat("x", 65<<10)
	for _, c := range []struct{ name, data, answer, want, detail string }{
		{"an integer beyond 64 bits", "{a: thing.n + 1, b: thing.n}", `{"n": 123456789012345678901234567890}`, `{"b":123456789012345678901234567890}`, "beyond 64 bits"},
		{"a sum beyond 64 bits", "{a: thing.n + 1, b: thing.n}", `{"n": 9223372036854775807}`, `{"b":9223372036854775807}`, "64 bits"},
		{"a number beyond float64", "{a: thing.x + 1, b: thing.x}", `{"x": 1e400}`, `{"b":1e400}`, "64 bits"},
		{"a division by 0", "{a: 1 / thing.n, b: thing.n}", `{"n": 0}`, `{"b":0}`, "zero"},
		{"a remainder of a division by 0", "{a: 1 % thing.n, b: thing.n}", `{"n": 0}`, `{"b":0}`, "zero"},
		{"an item alone", "{all: {each: thing.list, as: {id: .id, half: 1 % .id}}}", `{"list": [{"id": 0}, {"id": 1}]}`, `{"all":[{"id":0},{"id":1,"half":0}]}`, "zero"},
		{"an item and a parameter", "{all: {each: thing.list, as: {id: .id, half: number % .id}}}", `{"list": [{"id": 0}]}`, `{"all":[{"id":0}]}`, "zero"},
		{"an item of a computed list", "{all: {each: 'filter(thing.list, .id == 0)', as: {id: .id, half: 1 % .id}}}", `{"list": [{"id": 0}]}`, `{"all":[{"id":0}]}`, "zero"},
		{"an item of a list in a list", "{all: {each: thing.rows, as: {cells: {each: .cells, as: {id: .id, half: 1 % .id}}}}}", `{"rows": [{"cells": [{"id": 0}]}, {"cells": [{"id": 0}]}]}`, `{"all":[{"cells":[{"id":0}]},{"cells":[{"id":0}]}]}`, "zero"},
		{"long text", "{a: upper(thing.text), b: thing.yes}", `{"text": "` + long + `", "yes": true}`, `{"b":true}`, "64 kB"},
		{"text that becomes long", "{a: 'replace(thing.text, \"x\", \"" + strings.Repeat("y", 1000) + "\")', b: thing.yes}", `{"text": "` + strings.Repeat("x", 100) + `", "yes": true}`, `{"b":true}`, "64 kB"},
	} {
		it(t, c.name, func(t *testing.T) {
			w := open(t, thing(typed, c.data), map[string]behaviour{"things": answers(200, c.answer)})
			for range 2 { // the second answer is kept, with its errors
				r := w.get("/v1/thing")
				if r.err != nil || r.data != c.want || r.sources[0].Err == nil || !strings.Contains(r.sources[0].Err.Detail, c.detail) {
					t.Errorf("answer = %s (%v), error %v; want %s and a detail with %q", r.data, r.sources[0].Err, r.err, c.want, c.detail)
				}
			}
		})
	}
}
