package app

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode"
)

// apiKey is a key that callers may present, and what it lets them do.
type apiKey struct {
	Name   string // not a secret: logs name the caller by it
	Scopes scopes
	Key    Secret
}

type apiKeys []apiKey

// parseAPIKeys parses API_KEYS. Its errors name an entry by its number and quote
// nothing: if the parts are in the wrong order, any of them may be the key.
func parseAPIKeys(known scopes) func(string) (apiKeys, error) {
	return func(value string) (apiKeys, error) { return readAPIKeys(value, known) }
}

func readAPIKeys(value string, known scopes) (apiKeys, error) {
	var all apiKeys
	var errs []error
	names, keys := map[string]int{}, map[string]int{}
	for i, item := range items(value) {
		key, err := parseAPIKey(item, known)
		secret := key.Key.Reveal()
		switch {
		case err != nil:
		case names[key.Name] > 0:
			err = fmt.Errorf("has the name of entry %d", names[key.Name])
		case keys[secret] > 0:
			err = fmt.Errorf("has the key of entry %d", keys[secret])
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("entry %d %w", i+1, err))
			continue
		}
		names[key.Name], keys[secret] = i+1, i+1
		all = append(all, key)
	}
	if len(all) == 0 && len(errs) == 0 {
		errs = append(errs, errors.New("holds no key"))
	}
	return all, errors.Join(errs...)
}

// parseAPIKey splits name:scopes:key at the first and the last colon, because scopes
// contain colons.
func parseAPIKey(item string, known scopes) (apiKey, error) {
	first, last := strings.Index(item, ":"), strings.LastIndex(item, ":")
	if first == last {
		return apiKey{}, errors.New("is not name:scope+scope:key")
	}
	name, given, key := item[:first], strings.Split(item[first+1:last], "+"), item[last+1:]
	switch {
	case name == "":
		return apiKey{}, errors.New("has no name")
	case strings.ContainsFunc(name, unicode.IsControl):
		return apiKey{}, errors.New("has a control character in its name")
	case key == "":
		return apiKey{}, errors.New("has an empty key")
	case !visibleASCII(key):
		return apiKey{}, errors.New("has a space, a control character or something beyond ASCII in its key")
	case slices.ContainsFunc(given, func(s string) bool { return !slices.Contains(known, s) }):
		return apiKey{}, unknownScopeError{fmt.Errorf("has a scope that is not one of %s", joinWords(known, " "))}
	}
	return apiKey{name, only(known, given), newSecret(key)}, nil
}

// String has the number of keys and their names, not the keys.
func (a apiKeys) String() string {
	if len(a) == 0 {
		return "unset"
	}
	var names []string
	for _, key := range a {
		names = append(names, key.Name)
	}
	noun := "keys"
	if len(a) == 1 {
		noun = "key"
	}
	return fmt.Sprintf("set (%d %s: %s)", len(a), noun, strings.Join(names, ", "))
}

// shortKey is the length below which a key may be guessed.
const shortKey = 16

// warnings returns a warning for each key that is valid but short.
func (a apiKeys) warnings() []string {
	var all []string
	for _, key := range a {
		if len(key.Key.Reveal()) < shortKey {
			all = append(all, fmt.Sprintf("API_KEYS: warning: the key %q has fewer than %d characters and may be guessed (use a long random one)", key.Name, shortKey))
		}
	}
	return all
}

func (a apiKeys) GoString() string { return a.String() }

func (a apiKeys) LogValue() slog.Value { return slog.StringValue(a.String()) }
