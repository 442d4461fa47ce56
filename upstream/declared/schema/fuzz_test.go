package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tributary/upstream/declared/schema"
)

func FuzzLoad(f *testing.F) {
	for _, text := range []string{order, `{"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}}`, "$ref: ../x.json", "openapi: 3.1.0",
		"anyOf: [{$ref: '#'}, {type: 'null'}]", "a: &a [*a]", "$ref: '#/$defs/a'\n$defs: {a: {enum: [1, 2.5, .inf, 0x10]}}", `{"\ud800": 1}`,
		"allOf: [{$ref: b.yaml#/a~1b}, true]", "const: 2026-01-01\nminLength: 1e99", "{? [a] : b}", "type: [string, integer]\npattern: (a{0,1000}){1000}"} {
		f.Add(text, "s.yaml", "s.json")
		f.Add(text, "s.json", "s.yaml#/properties/a")
	}
	f.Fuzz(func(t *testing.T, text, name, ref string) {
		fsys := folder("s.yaml", text, "s.json", text, "b.yaml", "a/b: {type: string}")
		loader := schema.NewLoader(fsys)
		for _, r := range []string{name, ref} {
			s, mistakes := loader.Load(r)
			if (s == nil) == (len(mistakes) == 0) {
				t.Fatalf("Load(%q) gives %v and %v", r, s, mistakes)
			}
			for _, m := range mistakes {
				if _, ok := fsys[m.File]; !ok && m.File != "" && m.Line > 0 {
					t.Errorf("a mistake in %q, which is no file of the folder: %v", m.File, m)
				}
			}
			if s != nil {
				s.Type.Expr()
				s.Validate(map[string]any{"a": nil, "id": "x", "lines": []any{map[string]any{}}})
			}
		}
		for file := range loader.Files() {
			if strings.HasPrefix(file, "/") || strings.HasPrefix(file, "../") || file == ".." {
				t.Errorf("%q was looked at", file)
			}
		}
	})
}

// mark makes every text and number of a value, and every name that the schema does
// not have, one that an error can be searched for.
func mark(v any, names string) any {
	switch v := v.(type) {
	case string:
		return "§" + v
	case json.Number:
		return json.Number("987654321.125")
	case []any:
		for i, item := range v {
			v[i] = mark(item, names)
		}
	case map[string]any:
		marked := map[string]any{}
		for name, member := range v {
			if !strings.Contains(names, "  "+name+":") {
				name = "§" + name
			}
			marked[name] = mark(member, names)
		}
		return marked
	}
	return v
}

func FuzzErrorsHaveNothingOfTheValue(f *testing.F) {
	for _, value := range []string{`{"id": "x", "email": "y", "state": "z"}`, `{"counts": {"a": "b"}, "names": {"abc": 1}, "strict": {"x": 1}}`,
		`{"lines": [{"sku": 1}, {"x": null}, "y"], "parent": {"id": 1}}`, `{"payment": {"card": 1, "iban": 2}, "closed": {"x": [1]}, "pair": [1, 2, "x"]}`, `["x"]`, `"x"`} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := one(t, order)
		var v any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if dec.Decode(&v) != nil {
			return
		}
		err := s.Validate(mark(v, order))
		if err != nil && (strings.Contains(err.Error(), "§") || strings.Contains(err.Error(), "987654321")) {
			t.Errorf("the error for %s has something of it: %v", text, err)
		}
	})
}
