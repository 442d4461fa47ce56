package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// origins are the web origins whose pages may call the API, as browsers send them;
// "*" alone means any.
type origins []string

func parseOrigins(value string) (origins, error) {
	if strings.TrimSpace(value) == "*" {
		return origins{"*"}, nil
	}
	var all origins
	var errs []error
	for i, item := range items(value) {
		origin, ok := parseOrigin(item)
		if !ok {
			errs = append(errs, fmt.Errorf("entry %d is not an origin (use https://app.example.com, or * alone)", i+1))
		}
		all = append(all, origin)
	}
	return all, errors.Join(errs...)
}

// parseOrigin converts an origin to the form that browsers send (RFC 6454, 6.2): lower
// case, without a default port. Another form would never match.
func parseOrigin(item string) (string, bool) {
	u, err := url.Parse(strings.ToLower(item))
	if err != nil || strings.Contains(item, "*") || u.Scheme == "" || u.Hostname() == "" || u.String() != u.Scheme+"://"+u.Host {
		return "", false
	}
	origin := u.String()
	switch u.Scheme {
	case "http":
		origin = strings.TrimSuffix(origin, ":80")
	case "https":
		origin = strings.TrimSuffix(origin, ":443")
	}
	return origin, true
}

func (o origins) String() string { return joinWords(o, ",") }

// prefixes are networks, each in its canonical form.
type prefixes []netip.Prefix

func parsePrefixes(value string) (prefixes, error) {
	var all prefixes
	var errs []error
	for _, item := range items(value) {
		prefix, err := parsePrefix(item)
		if err != nil {
			errs = append(errs, fmt.Errorf("%q is neither a CIDR nor an address (use 10.0.0.0/8, 192.0.2.7)", item))
		}
		all = append(all, prefix)
	}
	return all, errors.Join(errs...)
}

// parsePrefix parses a CIDR, or an address, which is the network of itself alone.
func parsePrefix(item string) (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(item); err == nil {
		if bits := prefix.Bits() - 96; prefix.Addr().Is4In6() && bits >= 0 { // callers' addresses are compared as IPv4
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), bits)
		}
		return prefix.Masked(), nil
	}
	addr, err := netip.ParseAddr(item)
	if err != nil {
		return netip.Prefix{}, err
	}
	if addr.Zone() != "" { // netip.Prefix has no zone and would drop it without an error
		return netip.Prefix{}, errors.New("zone")
	}
	return addr.Unmap().Prefix(addr.Unmap().BitLen())
}

func (p prefixes) String() string {
	var words []string
	for _, prefix := range p {
		words = append(words, prefix.String())
	}
	return strings.Join(words, ",")
}

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

// union is a with those of b that it does not have.
func union[S ~[]string](a S, b []string) S {
	all := slices.Clone(a)
	for _, word := range b {
		if !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	return all
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

func (a apiKeys) GoString() string     { return a.String() }
func (a apiKeys) LogValue() slog.Value { return slog.StringValue(a.String()) }
