package schema_test

import (
	"strings"
	"testing"
	"time"
)

const order = `
type: object
required: [id, email]
properties:
  id: {type: integer, minimum: 1}
  email: {type: string, pattern: '^[^@]+@[^@]+$', maxLength: 20}
  state: {enum: [OPEN, PAID]}
  placed_at: {type: string, format: date-time}
  note: {type: [string, 'null'], maxLength: 3}
  price: {type: number, multipleOf: 0.01, exclusiveMaximum: 100}
  payment: {oneOf: [{type: object, required: [card]}, {type: object, required: [iban]}]}
  parent: {anyOf: [{$ref: '#'}, {type: 'null'}]}
  counts: {type: object, additionalProperties: {type: integer}}
  strict: {type: object, additionalProperties: false}
  names: {type: object, propertyNames: {maxLength: 2}}
  closed: {type: object, unevaluatedProperties: false}
  pair: {prefixItems: [{}, {}], items: false}
  lines:
    type: array
    maxItems: 3
    uniqueItems: true
    items: {type: object, required: [sku], properties: {sku: {type: string}}}
  a/b~c: {type: string}
`

func TestErrorsNamePlacesAndRules(t *testing.T) {
	s := one(t, order)
	for _, c := range []struct{ name, value, want string }{
		{"a valid value", `{"id": 1, "email": "a@b"}`, ""},
		{"a whole number with a fraction", `{"id": 1.0, "email": "a@b"}`, ""},
		{"another type", `[]`, "is an array, not an object"},
		{"what is missing", `{}`, "/email: missing; /id: missing"},
		{"a pattern", `{"id": 1, "email": "SECRET"}`, "/email: does not match its pattern"},
		{"a length", `{"id": 1, "email": "SECRET-SECRET-SECRET@b"}`, "/email: is longer than 20 characters"},
		{"a minimum", `{"id": -987, "email": "a@b"}`, "/id: is less than 1"},
		{"a type", `{"id": "987", "email": "a@b"}`, "/id: is a string, not an integer"},
		{"an enum", `{"id": 1, "email": "a@b", "state": "SECRET"}`, "/state: is not one of its values"},
		{"a format", `{"id": 1, "email": "a@b", "placed_at": "SECRET"}`, "/placed_at: is not a date-time"},
		{"a type that allows null", `{"id": 1, "email": "a@b", "note": 987}`, "/note: is a number, not a null or string"},
		{"limits of a number", `{"id": 1, "email": "a@b", "price": 987.001}`, "/price: is not a multiple of 0.01; /price: is not less than 100"},
		{"no alternative", `{"id": 1, "email": "a@b", "payment": {"SECRET": 1}}`, "/payment: matches none of its alternatives"},
		{"two alternatives", `{"id": 1, "email": "a@b", "payment": {"card": 987, "iban": 987}}`, "/payment: matches more than one of its alternatives"},
		{"the alternative that was meant", `{"id": 1, "email": "a@b", "parent": {"id": 2, "email": "SECRET"}}`, "/parent/email: does not match its pattern"},
		{"an item", `{"id": 1, "email": "a@b", "lines": [{"sku": "x"}, {}]}`, "/lines/1/sku: missing"},
		{"an item twice", `{"id": 1, "email": "a@b", "lines": [{"sku": "SECRET"}, {"sku": "SECRET"}]}`, "/lines: has an item twice"},
		{"a member that may have any name", `{"id": 1, "email": "a@b", "counts": {"SECRET": "x"}}`, "/counts/*: is a string, not an integer"},
		{"a member whose name is a number", `{"id": 1, "email": "a@b", "counts": {"987": "x"}}`, "/counts/*: is a string, not an integer"},
		{"a member that is not allowed", `{"id": 1, "email": "a@b", "strict": {"SECRET": "x"}}`, "/strict: has a member that is not allowed"},
		{"the name of a member", `{"id": 1, "email": "a@b", "names": {"SECRET": "x"}}`, "/names: has a member whose name is not allowed"},
		{"a member that nothing evaluates", `{"id": 1, "email": "a@b", "closed": {"SECRET": 987}}`, "/closed/*: is not allowed"},
		{"an item too many", `{"id": 1, "email": "a@b", "pair": [1, 2, 987]}`, "/pair/2: is not allowed"},
		{"a name with a slash", `{"id": 1, "email": "a@b", "a/b~c": 987}`, "/a~1b~0c: is a number, not a string"},
		{"the first three problems", `{"id": 0, "email": "SECRET", "state": 987, "note": 987, "price": 987}`,
			"/email: does not match its pattern; /id: is less than 1; /note: is a number, not a null or string; and 2 more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := s.Validate(decode(t, c.value)); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%s: %q, want %q", c.value, got, c.want)
			}
			if strings.Contains(got, "SECRET") || strings.Contains(got, "987") {
				t.Errorf("%s: the error has the value: %q", c.value, got)
			}
		})
	}
}

// Exact arithmetic with 1e999999 takes so long that an answer of 1 MB with such
// numbers would keep a processor busy for minutes.
func TestNumbersOfAMillionDigitsAreRefused(t *testing.T) {
	s := one(t, "items: {multipleOf: 0.01}")
	value := "[" + strings.Repeat("1e999999,", 50_000) + "1]"
	start := time.Now()
	err := s.Validate(decode(t, value))
	if err == nil || err.Error() != "/0: has too many digits" {
		t.Errorf("error: %v after %s", err, time.Since(start))
	}
	if err := s.Validate(decode(t, "[1e400, 1e1000, 1e-2]")); err != nil {
		t.Error(err)
	}
}

// The library reuses the memory of places while it visits members in any order.
func TestThePlaceOfAWrongNameIsThatOfItsObject(t *testing.T) {
	s := one(t, "properties: {a: {propertyNames: {maxLength: 2}}, b: {type: object}, c: {properties: {b: {type: string}}}}")
	for range 50 {
		err := s.Validate(decode(t, `{"a": {"SECRET": 1}, "b": {"x": 1}, "c": {"b": 1}}`))
		if got, want := err.Error(), "/a: has a member whose name is not allowed; /c/b: is a number, not a string"; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}

func TestFormatsThatAreNotKnownOnlyDescribe(t *testing.T) {
	s := one(t, "properties: {a: {type: string, format: barcode}, b: {type: string, format: ipv4}}")
	if got := s.Type.Fields["a"].Format; got != "barcode" {
		t.Errorf("format of a: %q", got)
	}
	if err := s.Validate(decode(t, `{"a": "?", "b": "192.0.2.1"}`)); err != nil {
		t.Error(err)
	}
	if err := s.Validate(decode(t, `{"b": "192.0.2"}`)); err == nil {
		t.Error("192.0.2 is taken for an address")
	}
}
