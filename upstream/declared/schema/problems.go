package schema

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// problem is one rule that a value breaks.
type problem struct {
	at     []string // JSON pointer
	rule   string
	member string // whose name breaks `propertyNames`
}

// holders are the places of the objects that have a member of a name, in no order.
func holders(v any, name string, at []string) (places [][]string) {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			places = append(places, holders(item, name, append(slices.Clip(at), strconv.Itoa(i)))...)
		}
	case map[string]any:
		if _, ok := v[name]; ok {
			places = append(places, at)
		}
		for key, member := range v {
			places = append(places, holders(member, name, append(slices.Clip(at), key))...)
		}
	}
	return places
}

// problems are all rules that v breaks, those nearest to the root first.
func problems(err *jsonschema.ValidationError, v any) []problem {
	ps := collect(err, nil)
	for i, p := range ps {
		if p.member == "" {
			continue
		}
		// The library's own place is written over: it is a slice that validation still uses.
		if places := holders(v, p.member, nil); len(places) == 1 {
			ps[i].at = places[0]
		}
	}
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
		return append(ps, problem{at: at, rule: rule(err.ErrorKind)})
	case *kind.PropertyNames:
		return append(ps, problem{rule: rule(k), member: k.Property})
	case *kind.Contains, *kind.MinContains:
		return append(ps, problem{at: at, rule: rule(err.ErrorKind)}) // its causes are about single items
	}
	if len(err.Causes) == 0 {
		return append(ps, problem{at: at, rule: rule(err.ErrorKind)})
	}
	for _, c := range err.Causes {
		ps = collect(c, ps)
	}
	return ps
}

func missing(at, names []string) (ps []problem) {
	for _, name := range names {
		ps = append(ps, problem{at: append(slices.Clone(at), name), rule: "missing"})
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
