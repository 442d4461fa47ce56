package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// scopes are what a caller may do, in the order in which they are known, none twice.
type scopes []string

var builtInScopes = scopes{"weather:read", "users:read", "users:write"}

// knownScopes are the built-in scopes, and those that the file of endpoints names.
func (cfg *config) knownScopes() scopes {
	known := cfg.namedScopes()
	if cfg.before != nil {
		known = union(known, cfg.before.knownScopes())
	}
	return known
}

// namedScopes are the built-in scopes, and those that the file of endpoints names now.
func (cfg *config) namedScopes() scopes {
	if cfg.endpoints == nil {
		return builtInScopes
	}
	return union(builtInScopes, cfg.endpoints.Scopes())
}

// unknownScopes are scopes that callers have and that are no longer named.
func (cfg *config) unknownScopes() (unknown scopes) {
	given := slices.Clone(cfg.AnonymousScopes)
	for _, k := range cfg.APIKeys {
		given = append(given, k.Scopes...)
	}
	for _, s := range union(scopes(nil), given) {
		if !slices.Contains(cfg.namedScopes(), s) {
			unknown = append(unknown, s)
		}
	}
	return unknown
}

// parseAnonymousScopes returns a parser for some of the known scopes, or none.
func parseAnonymousScopes(known scopes) func(string) (scopes, error) {
	return func(value string) (scopes, error) { return known.parse(value) }
}

func (known scopes) parse(value string) (scopes, error) {
	if value == "none" {
		return nil, nil
	}
	given := strings.FieldsFunc(value, func(c rune) bool { return c == '+' || c == ',' || unicode.IsSpace(c) })
	if len(given) == 0 {
		return nil, errors.New("names no scope (use weather:read+users:read, none)")
	}
	var errs []error
	for _, item := range given {
		if !slices.Contains(known, item) {
			errs = append(errs, unknownScopeError{fmt.Errorf("%q is not one of %s", item, joinWords(known, " "))})
		}
	}
	return only(known, given), errors.Join(errs...)
}

func (s scopes) String() string {
	if len(s) == 0 {
		return "none"
	}
	return joinWords(s, "+")
}

// unknownScopeError is a scope that neither the gateway nor the file of endpoints names.
type unknownScopeError struct{ error }

// withoutUnknownScopes is err without its unknownScopeErrors.
func withoutUnknownScopes(err error) error {
	return errors.Join(slices.DeleteFunc(slices.Clone(joined(err)), func(e error) bool {
		_, ok := errors.AsType[unknownScopeError](e)
		return ok
	})...)
}
