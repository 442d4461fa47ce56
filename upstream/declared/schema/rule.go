package schema

import (
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// rule says which rule was broken, in the schema's terms alone: the library's own
// text quotes the value.
func rule(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "is " + article(k.Got) + ", not " + article(strings.Join(k.Want, " or "))
	case *kind.Enum:
		return "is not one of its values"
	case *kind.Const:
		return "is not its only value"
	case *kind.Format:
		return "is not " + article(k.Want)
	case *kind.Pattern:
		return "does not match its pattern"
	case *kind.AdditionalProperties:
		return "has a member that is not allowed"
	case *kind.FalseSchema:
		return "is not allowed"
	case *kind.PropertyNames:
		return "has a member whose name is not allowed"
	case *kind.Not:
		return "is what `not` excludes"
	case *kind.AnyOf:
		return "matches none of its alternatives"
	case *kind.OneOf:
		if len(k.Subschemas) > 0 {
			return "matches more than one of its alternatives"
		}
		return "matches none of its alternatives"
	}
	if text := limit(k); text != "" {
		return text
	}
	if path := k.KeywordPath(); len(path) > 0 {
		return "breaks `" + path[0] + "`"
	}
	return "is not valid"
}

// limit is the text of the rules that have a number.
func limit(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Minimum:
		return "is less than " + number(k.Want)
	case *kind.Maximum:
		return "is more than " + number(k.Want)
	case *kind.ExclusiveMinimum:
		return "is not more than " + number(k.Want)
	case *kind.ExclusiveMaximum:
		return "is not less than " + number(k.Want)
	case *kind.MultipleOf:
		return "is not a multiple of " + number(k.Want)
	case *kind.MinLength:
		return fmt.Sprintf("is shorter than %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("is longer than %d characters", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("has fewer than %d items", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("has more than %d items", k.Want)
	case *kind.MinProperties:
		return fmt.Sprintf("has fewer than %d members", k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("has more than %d members", k.Want)
	case *kind.UniqueItems:
		return "has an item twice"
	case *kind.Contains, *kind.MinContains:
		return "lacks an item that it must contain"
	case *kind.MaxContains:
		return fmt.Sprintf("has more than %d of the items that `contains` counts", k.Want)
	}
	return ""
}

func article(noun string) string {
	switch {
	case noun == "null":
		return noun
	case strings.ContainsAny(noun[:min(1, len(noun))], "aeio"): // not u: a uri, a uuid
		return "an " + noun
	}
	return "a " + noun
}
