package jsontree_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tributary/upstream/declared/jsontree"
	"tributary/upstream/declared/shape"
)

var (
	text    = &shape.Type{Kind: shape.Text}
	integer = &shape.Type{Kind: shape.Integer}
	number  = &shape.Type{Kind: shape.Number}
	boolean = &shape.Type{Kind: shape.Boolean}
)

func listOf(item *shape.Type) *shape.Type { return &shape.Type{Kind: shape.List, Items: item} }

func TestValue(t *testing.T) {
	line := &shape.Type{Kind: shape.Object, Fields: map[string]*shape.Type{"sku": text, "qty": integer, "price": number}}
	for name, tt := range map[string]struct {
		raw  string
		as   *shape.Type
		want any
	}{
		"text":                                {`"a\u00e9"`, text, "aé"},
		"an integer":                          {`4`, integer, 4},
		"an integer with a fraction":          {`4.0`, integer, 4},
		"an integer with an exponent":         {`4e2`, integer, 400},
		"an integer of both":                  {`-12.50e1`, integer, -125},
		"an integer with a negative exponent": {`400E-2`, integer, 4},
		"zero, however large its exponent":    {`-0.0e999999999999999999999`, integer, 0},
		"the largest integer":                 {`9223372036854775807`, integer, 9223372036854775807},
		"the smallest, with a fraction":       {`-9223372036854775808.00`, integer, -9223372036854775808},
		"beyond what a float64 can tell":      {`9007199254740993`, integer, 9007199254740993},
		"a number written as an integer":      {`10`, number, 10.0},
		"a number":                            {`1.10`, number, 1.1},
		"a boolean":                           {`false`, boolean, false},
		"null":                                {`null`, text, nil},
		"a list with null":                    {`[1,null,2.0]`, listOf(integer), []any{1, nil, 2}},
		"an empty list":                       {`[]`, listOf(integer), []any{}},
		"an object without null and unknown":  {`{"sku":null,"qty":2,"price":3,"x":1e999}`, line, map[string]any{"qty": 2, "price": 3.0}},
		"an object with further members":      {`{"a":1,"b":2.0}`, &shape.Type{Kind: shape.Object, Rest: integer}, map[string]any{"a": 1, "b": 2}},
		"anything":                            {`{"a":[1,1.0,"x",null,true,{}],"n":null}`, nil, map[string]any{"a": []any{1, 1.0, "x", nil, true, map[string]any{}}}},
		"a list of anything":                  {`[1,"x"]`, &shape.Type{Kind: shape.List}, []any{1, "x"}},
		"text at the limit":                   {`"` + strings.Repeat("x", jsontree.MaxText) + `"`, text, strings.Repeat("x", jsontree.MaxText)},
	} {
		got, err := parse(t, tt.raw).Root().Value(tt.as)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: Value = %#v, %v, want %#v", name, got, err, tt.want)
		}
	}
	if got, err := (jsontree.Node{}).Value(text); got != nil || err != nil {
		t.Errorf("Value of nothing = %v, %v", got, err)
	}
}

func TestValueRefuses(t *testing.T) {
	const tooLong = "text of more than 64 kB in an expression"
	long := `"` + strings.Repeat("x", jsontree.MaxText+1) + `"`
	for name, tt := range map[string]struct {
		raw  string
		as   *shape.Type
		want string
	}{
		"a fraction":                 {`4.5`, integer, "not an integer"},
		"a small number":             {`1e-99999999999999999999`, integer, "not an integer"},
		"beyond 64 bits":             {`[1,9223372036854775808]`, listOf(integer), "integer beyond 64 bits in an expression at /1"},
		"beyond, by its exponent":    {`1e400`, integer, "integer beyond 64 bits in an expression"},
		"beyond, by a long exponent": {`1e99999999999999999999`, integer, "integer beyond 64 bits in an expression"},
		"beyond, of no known type":   {`{"a":{"b":[0,-9223372036854775809]}}`, nil, "integer beyond 64 bits in an expression at /a/b/1"},
		"beyond float64":             {`1e400`, number, "number beyond 64 bits in an expression"},
		"long text":                  {`{"x/y":` + long + `}`, nil, tooLong + " at /x~1y"},
		"long text of its type":      {long, text, tooLong},
		"another kind":               {`["secret"]`, listOf(integer), "not an integer at /0"},
		"text for an object":         {`"secret"`, &shape.Type{Kind: shape.Object}, "not an object"},
	} {
		got, err := parse(t, tt.raw).Root().Value(tt.as)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: Value = %v, %v, want %s", name, got, err, tt.want)
		}
	}
}

func TestAnyIsWhatAValidatorWants(t *testing.T) {
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(`{
		"properties": {
			"id": {"type": "integer", "minimum": 9007199254740993},
			"price": {"type": "number", "multipleOf": 0.1},
			"note": {"type": ["string", "null"]},
			"ids": {"uniqueItems": true}
		}, "required": ["note"], "additionalProperties": false}`))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("order.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("order.json")
	if err != nil {
		t.Fatal(err)
	}
	for raw, valid := range map[string]bool{
		`{"id":9007199254740993,"price":0.3,"note":null}`: true,
		`{"id":9007199254740992,"note":""}`:               false, // a float64 could not tell
		`{"id":1e400,"note":""}`:                          true,
		`{"price":0.35,"note":""}`:                        false,
		`{"note":1}`:                                      false,
		`{"x":true,"note":""}`:                            false,
		`{"note":"","ids":[1,1.0]}`:                       false,
		`{"note":"","ids":[1,[{"a":false}]]}`:             true,
	} {
		v, err := parse(t, raw).Root().Any()
		if err != nil {
			t.Fatalf("Any of %s: %v", raw, err)
		}
		if err := compiled.Validate(v); (err == nil) != valid {
			t.Errorf("Validate(%s) = %v, want valid %t", raw, err, valid)
		}
	}
	for _, raw := range []string{`[1e1000000]`, `[1E-99999999999999999999]`, `[` + strings.Repeat("1", 1001) + `]`} {
		if _, err := parse(t, raw).Root().Any(); err == nil || err.Error() != "a number with more than 1,000 digits at /0" {
			t.Errorf("Any(%.30s) = %v, want a mistake", raw, err)
		}
	}
}

func TestSharedTreesComeBackAsTheyWere(t *testing.T) {
	type entry struct {
		Value *jsontree.Tree `json:"value"`
	}
	for _, raw := range []string{`{"a":"<b> & \u003c \u2028` + "\u2028" + `","n":1.10}`, order(3), `"x"`, `null`} {
		tree := parse(t, raw)
		first, err := json.Marshal(entry{tree})
		if err != nil {
			t.Fatal(err)
		}
		var back entry
		if err := json.Unmarshal(first, &back); err != nil {
			t.Fatalf("Unmarshal(%s): %v", first, err)
		}
		if got := string(back.Value.Root().Bytes()); got != raw {
			t.Errorf("bytes = %s, want %s", got, raw)
		}
		if second, err := json.Marshal(back); err != nil || string(first) != string(second) {
			t.Errorf("written again: %s, %v, want %s", second, err, first)
		}
	}
	for _, shared := range []string{`{"value":{"a":1}}`, `{"value":"{"}`, `{"value":1}`} {
		if err := json.Unmarshal([]byte(shared), new(entry)); err == nil {
			t.Errorf("Unmarshal(%s) succeeds", shared)
		}
	}
}
