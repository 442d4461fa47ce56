package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// most is how many problems an error names.
const most = 3

// Validate checks a value, as encoding/json gives it with UseNumber. The error names
// places and rules, as in "/lines/3/sku: missing", and nothing of the value: neither
// texts and numbers, nor names of members that the schema does not have.
func (s *Schema) Validate(v any) error {
	if at, ok := unreasonable(v, nil); ok {
		return errors.New(s.text(problem{at: at, rule: "has too many digits"}, v))
	}
	err, ok := errors.AsType[*jsonschema.ValidationError](s.rules.Validate(v))
	if !ok {
		return nil
	}
	var texts []string
	for _, p := range problems(err, v) {
		if text := s.text(p, v); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if more := len(texts) - most; more > 0 {
		texts = append(texts[:most], fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(texts, "; "))
}

// text is a problem without what is not in the schema.
func (s *Schema) text(p problem, v any) string {
	var b strings.Builder
	for _, token := range p.at {
		b.WriteByte('/')
		switch in := v.(type) {
		case []any:
			b.WriteString(token)
			v = nil
			if i := index(token, len(in)); i >= 0 {
				v = in[i]
			}
		case map[string]any:
			v = in[token]
			b.WriteString(s.name(token))
		default: // a member that is missing
			b.WriteString(s.name(token))
		}
	}
	if b.Len() == 0 {
		return p.rule
	}
	return b.String() + ": " + p.rule
}

func index(token string, length int) int {
	for i, r := range token {
		if r < '0' || r > '9' || i > 8 {
			return -1
		}
	}
	var i int
	if _, err := fmt.Sscan(token, &i); err != nil || i >= length {
		return -1
	}
	return i
}

// name is a member's name if it is one of the schema's, else `*`.
func (s *Schema) name(token string) string {
	if !s.names[token] {
		return "*"
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

// unreasonable finds a number that exact arithmetic would take too long for.
func unreasonable(v any, at []string) ([]string, bool) {
	switch v := v.(type) {
	case json.Number:
		return at, !reasonable(v)
	case []any:
		for i, item := range v {
			if found, ok := unreasonable(item, append(at, fmt.Sprint(i))); ok {
				return found, true
			}
		}
	case map[string]any:
		for name, member := range v {
			if found, ok := unreasonable(member, append(at, name)); ok {
				return found, true
			}
		}
	}
	return nil, false
}
