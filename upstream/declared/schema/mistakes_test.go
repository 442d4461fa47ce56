package schema_test

import (
	"strings"
	"testing"

	"tributary/upstream/declared/schema"
)

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want             []string
	}{
		{"a misspelt keyword", "s.json", "{\"type\": \"object\",\n \"propertes\": {}}",
			[]string{"s.json:2:2: unknown keyword `propertes`: did you mean `properties`?"}},
		{"a keyword after a directive of YAML 1.2", "s.yaml", "%YAML 1.2\n---\ntype: object\nfoo: 1", []string{"s.yaml:4:1: unknown keyword `foo`"}},
		{"a keyword like no other", "s.yaml", "type: object\nfoo: 1", []string{"s.yaml:2:1: unknown keyword `foo`"}},
		{"a keyword of OpenAPI 3.0", "s.yaml", "{type: string, nullable: true}",
			[]string{"s.yaml:1:16: `nullable` is of OpenAPI 3.0: write `type: [T, 'null']`"}},
		{"a keyword of an old draft", "s.yaml", "dependencies: {a: [b]}",
			[]string{"s.yaml:1:1: `dependencies` is of an older draft: use `dependentRequired` or `dependentSchemas`"}},
		{"a misspelt type", "s.yaml", "properties:\n  a: {type: [strng, 'null']}",
			[]string{"s.yaml:2:14: there is no type `strng`: did you mean `string`?"}},
		{"a value against the metaschema", "s.yaml", "properties:\n  a: {minLength: -1}\n  b: {maximum: ten}\n  c: {required: yes}",
			[]string{"s.yaml:2:18: `minLength`: is less than 0", "s.yaml:3:16: `maximum`: is a string, not a number", "s.yaml:4:17: `required`: is a string, not an array"}},
		{"3.0's exclusiveMinimum", "s.yaml", "{minimum: 0, exclusiveMinimum: true}",
			[]string{"s.yaml:1:32: `exclusiveMinimum`: is a boolean, not a number"}},
		{"a pattern with lookahead", "s.yaml", "pattern: '^(?!x)'",
			[]string{"s.yaml:1:10: `pattern` is not a regular expression of RE2: invalid or unsupported Perl syntax: `(?!`"}},
		{"a pattern of names", "s.yaml", "patternProperties:\n  '[': {}",
			[]string{"s.yaml:2:3: a key of `patternProperties` is not a regular expression of RE2: missing closing ]: `[`"}},
		{"a missing file", "s.yaml", "$ref: other.json", []string{"s.yaml:1:7: `$ref`: there is no file `other.json`"}},
		{"a pointer to nothing", "s.yaml", "$ref: '#/$defs/Oder'\n$defs: {Order: {}}",
			[]string{"s.yaml:1:7: `$ref`: there is no `#/$defs/Oder` in `s.yaml`: did you mean `Order`?"}},
		{"an anchor", "s.yaml", "$ref: '#Order'", []string{"s.yaml:1:7: `$ref`: `#Order` is not a pointer, which begins with `#/`"}},
		{"a file above", "s.yaml", "$ref: ../secret.json", []string{"s.yaml:1:7: `$ref`: `../secret.json` leads out of the folder"}},
		{"a file above, escaped", "s.yaml", "$ref: '%2e%2e/secret.json'", []string{"s.yaml:1:7: `$ref`: `%2e%2e/secret.json` leads out of the folder"}},
		{"an absolute file", "s.yaml", "$ref: /etc/passwd", []string{"s.yaml:1:7: `$ref`: `/etc/passwd` is not a relative path with `/`"}},
		{"a file's URL", "s.yaml", "$ref: file:///etc/passwd",
			[]string{"s.yaml:1:7: `$ref`: `file:///etc/passwd` is not a file: schemas are read from below the folder only"}},
		{"a URL", "s.yaml", "$ref: https://example.org/s.json",
			[]string{"s.yaml:1:7: `$ref`: `https://example.org/s.json` is not a file: schemas are read from below the folder only"}},
		{"a URL without scheme", "s.yaml", "$ref: //example.org/s.json",
			[]string{"s.yaml:1:7: `$ref`: `//example.org/s.json` is not a file: schemas are read from below the folder only"}},
		{"another draft", "s.yaml", "$schema: http://json-schema.org/draft-07/schema#",
			[]string{"s.yaml:1:10: `$schema` is " + quotedUpTo40("http://json-schema.org/draft-07/schema#") + ": only JSON Schema 2020-12 is read"}},
		{"a list", "s.yaml", "[1]", []string{"s.yaml:1:1: is not a schema: a mapping is wanted, or true or false"}},
		{"a property that is no schema", "s.yaml", "properties: {a: string}",
			[]string{"s.yaml:1:17: is not a schema: a mapping is wanted, or true or false"}},
		{"infinity", "s.yaml", "maximum: .inf", []string{"s.yaml:1:10: `.inf` is not a number that can be used here"}},
		{"a number of a million digits", "s.json", `{"maximum": 1e999999}`, []string{"s.json:1:13: `1e999999` is not a number that can be used here"}},
		{"several at once", "s.yaml", "titel: x\nproperties:\n  a: {typ: string}\n  b: {$ref: b.yaml}\n  c: {pattern: '('}",
			[]string{"s.yaml:1:1: unknown keyword `titel`: did you mean `title`?", "s.yaml:3:7: unknown keyword `typ`: did you mean `type`?",
				"s.yaml:4:13: `$ref`: there is no file `b.yaml`", "s.yaml:5:16: `pattern` is not a regular expression of RE2: missing closing ): `(`"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, mistakes := schema.NewLoader(folder(c.file, c.text)).Load(c.file)
			compare(t, mistakes, c.want...)
			if s != nil {
				t.Error("there is a schema, in spite of mistakes")
			}
		})
	}
}

func quotedUpTo40(s string) string {
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return "`" + s + "`"
}

func TestMistakesOfFiles(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"an anchor", "s.yaml", "properties:\n  a: &a {type: string}", "s.yaml:2:6: anchors are not allowed here: use `$ref`"},
		{"a tag", "s.yaml", "const: !x", "s.yaml:1:8: the tag !x is not allowed here; text that begins with `!` is put in quotes"},
		{"a merge", "s.yaml", "<<: {type: string}", "s.yaml:1:1: the merge key `<<` is not allowed here: use `$ref` or `allOf`"},
		{"a key twice", "s.yaml", "type: string\ntype: integer", "s.yaml:2:1: `type` is given twice, first in line 1"},
		{"a key twice in JSON", "s.json", `{"type": "string", "type": "integer"}`, "s.json:1:20: is not JSON: duplicate object member name"},
		{"two documents", "s.yaml", "type: string\n---\ntype: integer", "s.yaml:2:1: a second document begins here: only one is read"},
		{"YAML's syntax", "s.yaml", "type: string\n  a: b: c", "s.yaml:2:1: is not YAML: mapping values are not allowed in this context"},
		{"JSON's syntax", "s.json", "{\"type\":\n\t'string'}", "s.json:2:2: is not JSON: invalid character '\\'' at start of value"},
		{"a JSON file that ends early", "s.json", "{\"type\":", "s.json:1:9: is not JSON: it ends too early"},
		{"a JSON file with more", "s.json", "{} {}", "s.json:1:5: is not JSON: something follows the value"},
		{"YAML in a JSON file", "s.json", "type: string", "s.json:1:2: is not JSON: invalid character 'y' in literal true (expecting 'r')"},
		{"an empty file", "s.yaml", "# nothing\n", "s.yaml: is empty"},
		{"not UTF-8", "s.yaml", "title: \xff", "s.yaml: is not valid UTF-8"},
		{"another kind of file", "s.toml", "a = 1", "s.toml: is neither .json nor .yaml nor .yml"},
		{"OpenAPI 3.0", "s.yaml", "openapi: 3.0.3", "s.yaml:1:10: this is an OpenAPI document of version 3.0.3: only 3.1 is read"},
		{"Swagger", "s.yaml", "swagger: '2.0'", "s.yaml:1:10: this is an OpenAPI document of version 2.0: only 3.1 is read"},
		{"OpenAPI in another dialect", "s.yaml", "openapi: 3.1.0\njsonSchemaDialect: urn:x", "s.yaml:2:20: `jsonSchemaDialect` is \"urn:x\": only JSON Schema 2020-12 is read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := folder(c.file, c.text, "outer.yaml", "properties: {a: {$ref: "+c.file+"}}")
			for _, ref := range []string{c.file, "outer.yaml"} {
				_, mistakes := schema.NewLoader(fsys).Load(ref)
				compare(t, mistakes, c.want)
			}
		})
	}
}

// The place of a reference is the caller's to know.
func TestMistakesOfReferences(t *testing.T) {
	fsys := folder("openapi.yaml", "openapi: 3.1.0\ncomponents: {schemas: {Order: {type: object}}}", "a.json", "{}")
	for _, c := range []struct{ ref, want string }{
		{"none.json", "there is no file `none.json`"},
		{"../a.json", "`../a.json` leads out of the folder"},
		{"#/x", "the reference names no file"},
		{"", "the reference names no file"},
		{".", "cannot be read: "},
		{"openapi.yaml", "`openapi.yaml` is an OpenAPI document: name a schema in it, as `#/components/schemas/NAME`"},
		{"openapi.yaml#/components/schemas/Oder", "there is no `#/components/schemas/Oder` in `openapi.yaml`: did you mean `Order`?"},
		{"openapi.yaml#/components/schemas", "unknown keyword `Order`"},
		{"a.json#%zz", "`a.json#%zz` is not a reference: invalid URL escape \"%zz\""},
	} {
		s, mistakes := schema.NewLoader(fsys).Load(c.ref)
		if s != nil || len(mistakes) != 1 || !strings.HasPrefix(mistakes[0].What, c.want) {
			t.Errorf("Load(%q): %v, want %q", c.ref, mistakes, c.want)
		}
	}
}

func TestCircles(t *testing.T) {
	const time = "contains itself"
	for _, c := range []struct{ name, text, want string }{
		{"through properties", "{type: object, properties: {child: {$ref: '#'}, other: {$ref: '#'}}}", ""},
		{"through items", "{type: object, properties: {children: {type: array, items: {$ref: '#'}}}}", ""},
		{"one schema or null", "{properties: {parent: {anyOf: [{$ref: '#'}, {type: 'null'}]}}}", ""},
		{"two parts with different members", "{allOf: [{properties: {a: {$ref: '#'}}}, {properties: {b: {$ref: '#'}}}]}", ""},
		{"a choice beside the circle", "{properties: {c: {$ref: '#'}, d: {oneOf: [{type: string}, {type: integer}]}}}", ""},
		{"through oneOf", "{oneOf: [{required: [x], properties: {c: {$ref: '#'}}}, {properties: {c: {$ref: '#'}}}]}", "s.yaml:1:2: `oneOf` " + time},
		{"through one branch of anyOf", "{anyOf: [{type: string}, {items: {$ref: '#'}}]}", "s.yaml:1:2: `anyOf` " + time},
		{"through anyOf further on", "{properties: {a: {$ref: '#/$defs/b'}}, $defs: {b: {anyOf: [{type: string}, {$ref: '#'}]}}}", "s.yaml:1:52: `anyOf` " + time},
		{"through two parts with the same member", "{allOf: [{properties: {a: {$ref: '#'}}}, {properties: {a: {$ref: '#'}}}]}", "s.yaml:1:1: this schema " + time},
		{"through if and then", "{if: {properties: {a: {$ref: '#'}}}, then: {properties: {a: {$ref: '#'}}}}", "s.yaml:1:1: this schema " + time},
		{"through contains and items", "{items: {$ref: '#'}, contains: {$ref: '#'}}", "s.yaml:1:1: this schema " + time},
		{"through members by pattern and by name", "{properties: {a: {$ref: '#'}}, patternProperties: {a: {$ref: '#'}}}", "s.yaml:1:1: this schema " + time},
		{"through a schema twice", "{allOf: [{$ref: '#/$defs/a'}, {$ref: '#/$defs/a'}], $defs: {a: {properties: {x: {$ref: '#'}}}}}", "s.yaml:1:1: this schema " + time},
		{"to itself", "{$ref: '#'}", "s.yaml:1:2: `$ref` leads back to itself, and to no rule"},
		{"to itself through allOf", "{allOf: [{$ref: '#/$defs/a'}], $defs: {a: {$ref: '#'}}}", "s.yaml:1:11: `$ref` leads back"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, mistakes := schema.NewLoader(folder("s.yaml", c.text)).Load("s.yaml")
			switch {
			case c.want == "" && s == nil:
				t.Errorf("mistakes: %v", mistakes)
			case c.want != "" && (len(mistakes) == 0 || !strings.HasPrefix(mistakes[0].String(), c.want)):
				t.Errorf("mistakes: %v, want %s", mistakes, c.want)
			}
		})
	}
}
