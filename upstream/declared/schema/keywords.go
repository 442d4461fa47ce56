package schema

import (
	"maps"
)

// form is what the value of a keyword is.
type form uint8

const (
	plain      form = iota // no schema in it
	one                    // a schema
	named                  // a mapping of schemas
	several                // a list of schemas
	reference              // `$ref`
	definition             // schemas that count only where a `$ref` leads to them
	ignored                // where the file is found says more
)

// keywords are those of JSON Schema 2020-12 and of OpenAPI 3.1.
var keywords = map[string]form{
	"$schema": ignored, "$id": ignored, "$comment": ignored, "$defs": definition, "definitions": definition, "$ref": reference,

	"allOf": several, "anyOf": several, "oneOf": several, "not": one, "if": one, "then": one, "else": one,
	"dependentSchemas": named, "properties": named, "patternProperties": named, "additionalProperties": one,
	"propertyNames": one, "unevaluatedProperties": one,
	"prefixItems": several, "items": one, "contains": one, "unevaluatedItems": one,

	"type": plain, "enum": plain, "const": plain,
	"multipleOf": plain, "maximum": plain, "exclusiveMaximum": plain, "minimum": plain, "exclusiveMinimum": plain,
	"maxLength": plain, "minLength": plain, "pattern": plain, "format": plain,
	"maxItems": plain, "minItems": plain, "uniqueItems": plain, "maxContains": plain, "minContains": plain,
	"maxProperties": plain, "minProperties": plain, "required": plain, "dependentRequired": plain,

	"title": plain, "description": plain, "default": plain, "deprecated": plain, "readOnly": plain, "writeOnly": plain,
	"examples": plain, "contentEncoding": plain, "contentMediaType": plain, "contentSchema": ignored,

	"example": plain, "discriminator": ignored, "xml": ignored, "externalDocs": ignored,
}

// elsewhere are keywords of other versions, and what to write instead.
var elsewhere = map[string]string{
	"nullable":         "is of OpenAPI 3.0: write `type: [T, 'null']`",
	"dependencies":     "is of an older draft: use `dependentRequired` or `dependentSchemas`",
	"additionalItems":  "is of an older draft: use `prefixItems` and `items`",
	"id":               "is of an older draft: use `$id`",
	"divisibleBy":      "is of an older draft: use `multipleOf`",
	"extends":          "is of an older draft: use `allOf`",
	"disallow":         "is of an older draft: use `not`",
	"$anchor":          "is not supported: a `$ref` names its target by a pointer (`#/$defs/NAME`)",
	"$dynamicAnchor":   "is not supported: use `$ref` and a pointer (`#/$defs/NAME`)",
	"$dynamicRef":      "is not supported: use `$ref` and a pointer (`#/$defs/NAME`)",
	"$recursiveAnchor": "is not supported: use `$ref` and a pointer (`#/$defs/NAME`)",
	"$recursiveRef":    "is not supported: use `$ref` and a pointer (`#/$defs/NAME`)",
	"$vocabulary":      "is not supported",
}

var typeNames = map[string]form{"null": plain, "boolean": plain, "object": plain, "array": plain, "number": plain, "string": plain, "integer": plain}

// unknownKeyword says what is wrong with a keyword that the table does not have.
func unknownKeyword(name string) string {
	if what := elsewhere[name]; what != "" {
		return quoted(name) + " " + what
	}
	return "unknown keyword " + quoted(name) + didYouMean(name, maps.Keys(keywords))
}
