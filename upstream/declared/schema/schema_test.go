package schema_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"tributary"
	"tributary/upstream/declared/schema"
	"tributary/upstream/declared/shape"

	"go.yaml.in/yaml/v3"
)

// folder is a file system of name and content in turn.
func folder(files ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return fsys
}

// load is the schema of a file that has no mistakes.
func load(t *testing.T, fsys fstest.MapFS, ref string) *schema.Schema {
	t.Helper()
	s, mistakes := schema.NewLoader(fsys).Load(ref)
	for _, m := range mistakes {
		t.Error(m)
	}
	if s == nil {
		t.Fatalf("Load(%q) gives no schema", ref)
	}
	return s
}

// one is the schema of a text in YAML.
func one(t *testing.T, text string) *schema.Schema {
	t.Helper()
	return load(t, folder("s.yaml", text), "s.yaml")
}

func decode(t *testing.T, text string) (v any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestComponentsOfOurOwnDescription(t *testing.T) {
	fsys := folder("api/openapi.yaml", string(tributary.OpenAPI))
	var doc struct {
		Components struct{ Schemas map[string]any }
	}
	if err := yaml.Unmarshal(tributary.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Components.Schemas) < 50 {
		t.Fatalf("%d schemas in openapi.yaml", len(doc.Components.Schemas))
	}
	loader := schema.NewLoader(fsys)
	for name := range doc.Components.Schemas {
		s, mistakes := loader.Load("api/openapi.yaml#/components/schemas/" + name)
		for _, m := range mistakes {
			t.Error(m)
		}
		if s != nil && s.Type.Kind == shape.Any {
			t.Errorf("%s has no type", name)
		}
	}
}

func TestAddedFilesAreReadInsteadOfTheFolder(t *testing.T) {
	loader := schema.NewLoader(folder("list.json", `{"type": "array", "items": {"$ref": "item.json"}}`, "item.json", `{"type": "string"}`))
	loader.Add("item.json", []byte(`{"type": "integer"}`))
	loader.Add("bad.json", []byte(`{"type": "strng"}`))
	s, mistakes := loader.Load("list.json")
	if s == nil {
		t.Fatal(mistakes)
	}
	if items := s.Type.Items; items == nil || items.Kind != shape.Integer {
		t.Errorf("items = %+v, want integers, as in the added file", items)
	}
	if s, mistakes := loader.Load("bad.json"); s != nil || len(mistakes) != 1 || mistakes[0].File != "bad.json" {
		t.Errorf("mistakes = %v, want one of bad.json", mistakes)
	}
}

func TestTheSameReferenceGivesTheSameSchema(t *testing.T) {
	loader := schema.NewLoader(folder("a.json", `{"type": "string"}`, "bad.json", `{"type": "strng"}`))
	first, _ := loader.Load("a.json")
	second, _ := loader.Load("a.json")
	if first == nil || first != second {
		t.Errorf("a.json: %p, then %p", first, second)
	}
	for range 2 {
		if s, mistakes := loader.Load("bad.json"); s != nil || len(mistakes) != 1 {
			t.Errorf("bad.json: %v, %v", s, mistakes)
		}
	}
}

func TestFilesThatWereRead(t *testing.T) {
	loader := schema.NewLoader(folder(
		"a.yaml", "properties: {b: {$ref: sub/b.json}, c: {$ref: c.json}}",
		"sub/b.json", `{"$ref": "../d.json"}`, "d.json", "true", "e.json", "true"))
	if _, mistakes := loader.Load("a.yaml"); len(mistakes) != 1 {
		t.Errorf("mistakes: %v", mistakes)
	}
	files := loader.Files()
	for _, name := range []string{"a.yaml", "sub/b.json", "d.json"} {
		if files[name] == [32]byte{} {
			t.Errorf("%s has no digest", name)
		}
	}
	if sum, ok := files["c.json"]; !ok || sum != [32]byte{} {
		t.Errorf("c.json: %x, %t", sum, ok)
	}
	if len(files) != 4 {
		t.Errorf("files: %v", files)
	}
}

func TestDigest(t *testing.T) {
	digest := func(ref string, files ...string) [32]byte { return load(t, folder(files...), ref).Digest() }
	base := digest("a.yaml", "a.yaml", "properties: {b: {$ref: b.yaml#/$defs/x}}", "b.yaml", "$defs: {x: {type: string}, y: {type: string}}")
	for _, c := range []struct {
		name, a, b string
		same       bool
	}{
		{"another comment", "properties: {b: {$ref: b.yaml#/$defs/x}} # text", "$defs: {x: {type: string}, y: {type: string}}", true},
		{"another schema beside the target", "properties: {b: {$ref: b.yaml#/$defs/x}}", "$defs: {x: {type: string}, y: {type: integer}}", true},
		{"another rule in the target", "properties: {b: {$ref: b.yaml#/$defs/x}}", "$defs: {x: {type: string, minLength: 1}, y: {type: string}}", false},
		{"another target", "properties: {c: {$ref: b.yaml#/$defs/x}}", "$defs: {x: {type: string}, y: {type: string}}", false},
	} {
		if got := digest("a.yaml", "a.yaml", c.a, "b.yaml", c.b); (got == base) != c.same {
			t.Errorf("%s: the same digest: %t, want %t", c.name, got == base, c.same)
		}
	}
}

func TestInline(t *testing.T) {
	var doc yaml.Node
	text := "id: {type: string, pattern: '^[0-9]+$'}\nbad: {type: strng, $ref: '#/nothing', items: {$ref: other.yaml}}\nref: {$ref: 'other.yaml'}\n"
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	nodes := doc.Content[0].Content
	loader := schema.NewLoader(folder("other.yaml", "type: integer"))
	s, mistakes := loader.Inline(nodes[1], "endpoints.yaml")
	if s == nil || s.Type.Kind != shape.Text || s.Validate("12") != nil || s.Validate("x") == nil {
		t.Errorf("id: %v, %v", s, mistakes)
	}
	_, mistakes = loader.Inline(nodes[3], "endpoints.yaml")
	compare(t, mistakes, "endpoints.yaml:2:13: there is no type `strng`: did you mean `string`?",
		"endpoints.yaml:2:26: `$ref`: there is no `#/nothing` in `endpoints.yaml`")
	if s, mistakes := loader.Inline(nodes[5], "endpoints.yaml"); s == nil || s.Type.Kind != shape.Integer {
		t.Errorf("ref: %v, %v", s, mistakes)
	}
}

func compare(t *testing.T, mistakes []schema.Mistake, want ...string) {
	t.Helper()
	var got []string
	for _, m := range mistakes {
		got = append(got, m.String())
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("mistakes:\n%s\nwant:\n%s", g, w)
	}
}
