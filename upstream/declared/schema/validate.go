package schema

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
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
	for _, p := range problems(err) {
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

// problem is one rule that a value breaks.
type problem struct {
	at   []string // JSON pointer
	rule string
}

// problems are all broken rules, those nearest to the root first.
func problems(err *jsonschema.ValidationError) []problem {
	ps := collect(err, nil)
	slices.SortStableFunc(ps, func(a, b problem) int {
		return cmp.Or(cmp.Compare(len(a.at), len(b.at)), slices.Compare(a.at, b.at), cmp.Compare(a.rule, b.rule))
	})
	return ps
}

func collect(err *jsonschema.ValidationError, ps []problem) []problem {
	at := err.InstanceLocation
	switch k := err.ErrorKind.(type) {
	case *kind.Required:
		return append(ps, missing(at, k.Missing)...)
	case *kind.DependentRequired:
		return append(ps, missing(at, k.Missing)...)
	case *kind.AnyOf, *kind.OneOf:
		if branch := meant(err); branch != nil {
			return collect(branch, ps)
		}
		return append(ps, problem{at, rule(err.ErrorKind)})
	case *kind.PropertyNames, *kind.Contains, *kind.MinContains:
		return append(ps, problem{at, rule(err.ErrorKind)}) // its causes are about names and single items
	}
	if len(err.Causes) == 0 {
		return append(ps, problem{at, rule(err.ErrorKind)})
	}
	for _, c := range err.Causes {
		ps = collect(c, ps)
	}
	return ps
}

func missing(at, names []string) (ps []problem) {
	for _, name := range names {
		ps = append(ps, problem{append(slices.Clone(at), name), "missing"})
	}
	return ps
}

// meant is the branch of a choice that the value was meant for: the only one that
// takes values of its type. nil if there are several.
func meant(choice *jsonschema.ValidationError) (branch *jsonschema.ValidationError) {
	for _, c := range choice.Causes {
		if wrongType(c, choice.InstanceLocation) {
			continue
		}
		if branch != nil {
			return nil
		}
		branch = c
	}
	return branch
}

func wrongType(err *jsonschema.ValidationError, at []string) bool {
	if _, ok := err.ErrorKind.(*kind.Reference); ok && len(err.Causes) == 1 {
		return wrongType(err.Causes[0], at)
	}
	_, ok := err.ErrorKind.(*kind.Type)
	return ok && len(err.InstanceLocation) == len(at)
}

// number is a limit as a schema has it.
func number(r *big.Rat) string {
	if digits, exact := r.FloatPrec(); exact {
		return r.FloatString(digits)
	}
	return r.RatString()
}
