package sample_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"tributary"
	"tributary/upstream/declared/sample"
	"tributary/upstream/declared/schema"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden files anew")

func load(t testing.TB, text, ref string) *schema.Schema {
	t.Helper()
	s, mistakes := schema.NewLoader(fstest.MapFS{"s.yaml": {Data: []byte(text)}}).Load("s.yaml" + ref)
	for _, m := range mistakes {
		t.Error(m)
	}
	if s == nil {
		t.FailNow()
	}
	return s
}

// decode is what the simulator's client sees.
func decode(t testing.TB, raw []byte) (v any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

func TestSamplesOfOurOwnDescriptionAreValid(t *testing.T) {
	var doc struct {
		Components struct{ Schemas map[string]any }
	}
	if err := yaml.Unmarshal(tributary.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(doc.Components.Schemas))
	if len(names) < 50 {
		t.Fatalf("%d schemas in openapi.yaml", len(names))
	}
	loader := schema.NewLoader(fstest.MapFS{"s.yaml": {Data: tributary.OpenAPI}})
	for _, name := range names {
		s, mistakes := loader.Load("s.yaml#/components/schemas/" + name)
		if s == nil {
			t.Fatal(mistakes)
		}
		for i := range 20 {
			raw := sample.JSON(s, sample.Question{Seed: fmt.Sprint(name, i)})
			if err := s.Validate(decode(t, raw)); err != nil {
				t.Errorf("%s: %v\n%s", name, err, raw)
				break
			}
		}
	}
}

// rules are schemas with one thing each that a sample must obey.
var rules = map[string]string{
	"const":                                "const: {a: [1, null]}",
	"enum with null":                       "enum: [null, a]",
	"null":                                 "type: 'null'",
	"true":                                 "true",
	"bounds":                               "{type: integer, minimum: 3, exclusiveMaximum: 5}",
	"bounds that are close":                "{type: number, exclusiveMinimum: 0.1, exclusiveMaximum: 0.1001}",
	"one number":                           "{type: number, minimum: 7.5, maximum: 7.5}",
	"negative numbers":                     "{type: integer, maximum: -5}",
	"large numbers":                        "{type: integer, minimum: 9007199254740993, maximum: 90071992547409930}",
	"numbers beyond 64 bits":               "{type: integer, minimum: 1e30}",
	"a step":                               "{type: number, multipleOf: 0.05, maximum: 1}",
	"a step of integers":                   "{type: integer, multipleOf: 2.5, minimum: 11}",
	"two steps":                            "{allOf: [{type: integer, multipleOf: 4}, {multipleOf: 6}]}",
	"lengths":                              "{type: string, minLength: 30, maxLength: 33}",
	"an empty text":                        "{type: string, maxLength: 0}",
	"a pattern":                            "{type: string, pattern: '^[A-Z]{2}-[0-9]{3,}$'}",
	"a pattern with a length":              "{type: string, pattern: '^[a-z ]+$', minLength: 40, maxLength: 50}",
	"a pattern of alternatives":            "{type: string, pattern: '^(a|b(c|d){2,3})*$'}",
	"a pattern of other letters":           `{type: string, pattern: '^\p{Lu}\p{Ll}+$'}`,
	"a pattern without anchors":            "{type: string, pattern: 'x[0-9]'}",
	"two patterns":                         "{type: string, allOf: [{pattern: '^[a-z]+$'}, {pattern: '^.{4,5}$'}]}",
	"a name and a pattern":                 "{properties: {city: {type: string, pattern: '^[0-9]+$'}}, required: [city]}",
	"a name and a length":                  "{properties: {email: {type: string, maxLength: 5}}, required: [email]}",
	"items":                                "{type: array, minItems: 5, maxItems: 6, items: {type: boolean}}",
	"no items":                             "{type: array, maxItems: 0}",
	"items that differ":                    "{type: array, minItems: 4, uniqueItems: true, items: {type: integer, minimum: 1, maximum: 4}}",
	"a tuple":                              "{type: array, prefixItems: [{type: string}, {type: integer}], items: false}",
	"contained items":                      "{type: array, items: {type: integer}, contains: {const: 7}, minContains: 2}",
	"members by any name":                  "{type: object, additionalProperties: {type: integer}, minProperties: 3}",
	"members by pattern":                   "{type: object, patternProperties: {'^x-[a-z]{2}$': {type: integer}}, additionalProperties: false, minProperties: 2}",
	"names of members":                     "{type: object, propertyNames: {pattern: '^[A-Z]{3}$'}, additionalProperties: {type: number}, minProperties: 2}",
	"few members":                          "{properties: {a: {}, b: {}, c: {}}, required: [c], maxProperties: 2, additionalProperties: false}",
	"required, but not described":          "{type: object, required: [a]}",
	"a member that is not there":           "{properties: {a: false, b: {type: string}}}",
	"dependent members":                    "{properties: {a: {type: string}}, required: [a], dependentRequired: {a: [b], b: [c]}}",
	"dependent schemas":                    "{properties: {a: {type: string}}, required: [a], dependentSchemas: {a: {required: [b], properties: {b: {const: 1}}}}}",
	"allOf":                                "{allOf: [{type: object, required: [a], properties: {a: {type: number}}}, {properties: {a: {maximum: 2}, b: {type: string}}}]}",
	"oneOf":                                "{oneOf: [{type: object, required: [a], properties: {a: {type: string}}}, {type: object, required: [b], properties: {b: {type: string}}}]}",
	"anyOf beside properties":              "{properties: {a: {type: string}, b: {type: string}}, anyOf: [{required: [a]}, {required: [b]}], maxProperties: 1}",
	"one schema or null":                   "{anyOf: [{type: 'null'}, {type: integer}]}",
	"not":                                  "{type: integer, minimum: 1, maximum: 3, not: {const: 2}}",
	"an optional member that nothing fits": "{type: object, required: [b], properties: {a: {type: string, oneOf: [{minLength: 1}, {minLength: 1}]}, b: {type: string}}}",
	"items that nothing fits":              "{type: array, items: {type: string, not: {}}}",
	"not a member":                         "{properties: {a: {type: string}, b: {type: string}}, not: {required: [a]}}",
	"if, then and else":                    "{type: object, properties: {kind: {enum: [a, b]}}, required: [kind], if: {properties: {kind: {const: a}}}, then: {required: [x]}, else: {required: [y]}}",
	"nothing unevaluated":                  "{allOf: [{properties: {a: {type: string}}}], unevaluatedProperties: false}",
	"repetitions in repetitions":           "{type: string, pattern: '^((a?)*b?)*$', minLength: 5000}",
	"a long text":                          "{type: string, minLength: 50000}",
	"a tree":                               "{type: object, required: [name], properties: {name: {type: string}, children: {type: array, items: {$ref: '#'}}, parent: {anyOf: [{$ref: '#'}, {type: 'null'}]}}}",
	"an example":                           "{type: object, properties: {a: {type: string}, b: {type: integer, minimum: 5}}, example: {a: x, b: 7}}",
	"an example that is wrong":             "{type: integer, examples: [one, two]}",
	"many items":                           "{type: array, minItems: 100, items: {type: array, minItems: 100, items: {type: integer}}}",
}

func TestSamplesAreValid(t *testing.T) {
	rules := maps.Clone(rules)
	for _, format := range []string{"date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "iri", "uri-reference",
		"iri-reference", "uri-template", "uuid", "json-pointer", "relative-json-pointer", "regex", "period", "semver", "byte", "int32"} {
		rules["format "+format] = fmt.Sprintf("{type: string, format: %s}", format)
	}
	for name, text := range rules {
		t.Run(name, func(t *testing.T) {
			s := load(t, text, "")
			seeds := 50
			if name == "many items" || name == "a long text" || name == "repetitions in repetitions" {
				seeds = 1
			}
			for i := range seeds {
				raw := sample.JSON(s, sample.Question{Seed: fmt.Sprint(i)})
				if err := s.Validate(decode(t, raw)); err != nil {
					t.Fatalf("%s: %v\n%.300s", text, err, raw)
				}
			}
		})
	}
}

func TestSamplesReadWell(t *testing.T) {
	text, err := os.ReadFile("testdata/order.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := sample.JSON(load(t, string(text), ""), sample.Question{Seed: "/orders/17", Bound: map[string]string{"id": "17", "customer": "42"}})
	var indented bytes.Buffer
	if err := json.Indent(&indented, append(got, '\n'), "", "  "); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/order.golden.json"
	if *update {
		if err := os.WriteFile(golden, indented.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(indented.Bytes(), want) {
		t.Errorf("the order is not that of %s (-update writes it anew):\n%s", golden, indented.Bytes())
	}
}

func TestParametersComeBack(t *testing.T) {
	for _, c := range []struct {
		name, text string
		q          sample.Question
		want       string // of the value
	}{
		{"as text", "properties: {id: {type: string}}", sample.Question{Bound: map[string]string{"id": "17"}}, `{"id":"17"}`},
		{"as a number", "properties: {id: {type: integer}}", sample.Question{Bound: map[string]string{"id": "17"}}, `{"id":17}`},
		{"as a boolean", "properties: {open: {type: boolean}}", sample.Question{Bound: map[string]string{"open": "true"}}, `{"open":true}`},
		{"digits of a large number", "properties: {id: {type: integer}}", sample.Question{Bound: map[string]string{"id": "9007199254740993"}}, `{"id":9007199254740993}`},
		{"beside an example", "{properties: {id: {type: string, example: x}, a: {const: 1}}, example: {id: y, a: 1}}", sample.Question{Bound: map[string]string{"id": "17"}}, `{"a":1,"id":"17"}`},
		{"nearest to the root only", "properties: {id: {type: string}, sub: {properties: {id: {const: other}}, required: [id]}}",
			sample.Question{Bound: map[string]string{"id": "17"}}, `{"id":"17","sub":{"id":"other"}}`},
		{"in each item", "properties: {list: {type: array, minItems: 2, maxItems: 2, items: {properties: {order: {type: string}}}}}",
			sample.Question{Bound: map[string]string{"order": "17"}}, `{"list":[{"order":"17"},{"order":"17"}]}`},
		{"not where the schema refuses it", "properties: {id: {type: integer, minimum: 5, maximum: 5}}", sample.Question{Bound: map[string]string{"id": "17"}}, `{"id":5}`},
		{"by pointer", "properties: {a: {properties: {ref: {type: integer}}}}", sample.Question{Set: map[string]string{"/a/ref": "17"}}, `{"a":{"ref":17}}`},
		{"by pointer, of an item", "{type: array, minItems: 1, maxItems: 1, items: {properties: {a/b: {type: string}}}}", sample.Question{Set: map[string]string{"/0/a~1b": "17"}}, `[{"a/b":"17"}]`},
		{"by pointer before by name", "properties: {id: {type: string}}", sample.Question{Bound: map[string]string{"id": "1"}, Set: map[string]string{"/id": "2"}}, `{"id":"2"}`},
		{"the whole value", "type: integer", sample.Question{Set: map[string]string{"": "5"}}, `5`},
		{"below the depth of optional members", deep(8), sample.Question{Bound: map[string]string{"leaf": "17"}}, strings.Repeat(`{"x":`, 8) + `{"leaf":"17"}` + strings.Repeat("}", 8)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(sample.JSON(load(t, c.text, ""), c.q)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// deep is a schema with a required member x so many levels deep, and an optional leaf.
func deep(levels int) string {
	if levels == 0 {
		return "{properties: {leaf: {type: string}}}"
	}
	return "{required: [x], properties: {x: " + deep(levels-1) + "}}"
}

func TestOptionalMembersAreGivenDownToFourLevels(t *testing.T) {
	s := load(t, "{type: object, properties: {child: {$ref: '#'}}}", "")
	if got, want := string(sample.JSON(s, sample.Question{})), `{"child":{"child":{"child":{"child":{}}}}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestASchemaThatRequiresItselfEnds(t *testing.T) {
	s := load(t, "{type: object, required: [a, b], properties: {a: {$ref: '#'}, b: {$ref: '#'}}}", "")
	if sample.Value(s, sample.Question{}) == nil {
		t.Error("no value")
	}
}

func TestWhatIsForRequestsAloneIsLeftOut(t *testing.T) {
	s := load(t, "properties: {name: {const: a}, password: {type: string, writeOnly: true}}", "")
	if got := string(sample.JSON(s, sample.Question{})); got != `{"name":"a"}` {
		t.Errorf("%s has a password", got)
	}
}

// A value depends on the seed and its place, and not on what else is in the schema.
func TestAValueDependsOnItsPlaceOnly(t *testing.T) {
	first := sample.Value(load(t, "properties: {a: {type: integer}, c: {type: string}}", ""), sample.Question{Seed: "s"}).(map[string]any)
	second := sample.Value(load(t, "properties: {a: {type: integer}, b: {type: string}, c: {type: string}}", ""), sample.Question{Seed: "s"}).(map[string]any)
	if first["a"] != second["a"] || first["c"] != second["c"] {
		t.Errorf("%v, then %v", first, second)
	}
	other := sample.Value(load(t, "properties: {a: {type: integer}, c: {type: string}}", ""), sample.Question{Seed: "t"}).(map[string]any)
	if first["a"] == other["a"] {
		t.Errorf("two seeds give %v", first["a"])
	}
}

func FuzzSample(f *testing.F) {
	for _, text := range rules {
		f.Add(text, "seed", "17")
	}
	f.Fuzz(func(t *testing.T, text, seed, bound string) {
		s, _ := schema.NewLoader(fstest.MapFS{"s.yaml": {Data: []byte(text)}}).Load("s.yaml")
		if s == nil {
			return
		}
		q := sample.Question{Seed: seed, Bound: map[string]string{"a": bound, "id": bound}}
		first, second := sample.JSON(s, q), sample.JSON(s, q)
		if !bytes.Equal(first, second) {
			t.Errorf("two samples for one question: %s, %s", first, second)
		}
		decode(t, first)
	})
}

func BenchmarkJSON(b *testing.B) {
	text, err := os.ReadFile("testdata/order.yaml")
	if err != nil {
		b.Fatal(err)
	}
	s := load(b, string(text), "")
	b.ReportAllocs()
	for b.Loop() {
		sample.JSON(s, sample.Question{Seed: "/orders/17", Bound: map[string]string{"id": "17"}})
	}
}
