package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Secret is a value that is never shown: whatever prints, logs or encodes it
// says only whether it is set. The zero Secret is unset.
type Secret struct {
	// A pointer, because fmt calls no methods on what it finds in unexported
	// fields: where a Secret stands in one, an address is printed.
	value *string
}

func newSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal returns the secret itself, "" if it is unset.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsSet reports whether there is a secret.
func (s Secret) IsSet() bool { return s.value != nil }

func (s Secret) String() string {
	if s.IsSet() {
		return "set"
	}
	return "unset"
}

func (s Secret) GoString() string             { return s.String() }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(s.String()) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// parseSecret refuses what no header can carry, most often a second newline at
// the end of a file.
func parseSecret(value string) (Secret, error) {
	if !visibleASCII(value) {
		return Secret{}, errors.New("holds a space, a control character or something beyond ASCII")
	}
	return newSecret(value), nil
}

func visibleASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}

// address is host:port to listen on; an empty host means every interface, port
// 0 any free one.
type address string

func parseAddress(value string) (address, error) {
	host, port, err := net.SplitHostPort(value)
	if err != nil || strings.ContainsFunc(host, notInHost) || !isPort(port) {
		return "", fmt.Errorf("%q is not host:port (use :8080, 127.0.0.1:8080)", value)
	}
	return address(value), nil
}

func notInHost(c rune) bool {
	return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("-._:%", c)
}

// isPort is strict, as the resolver would also take "http" or "+80".
func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// port returns the number after the colon.
func (a address) port() int {
	_, port, _ := net.SplitHostPort(string(a))
	n, _ := strconv.Atoi(port)
	return n
}

// optionalAddress is an address, or "" for none.
type optionalAddress string

func parseOptionalAddress(value string) (optionalAddress, error) {
	if value == "off" {
		return "", nil
	}
	a, err := parseAddress(value)
	if err != nil {
		return "", fmt.Errorf("%q is neither host:port nor off", value)
	}
	return optionalAddress(a), nil
}

func (a optionalAddress) String() string {
	if a == "" {
		return "off"
	}
	return string(a)
}

// rate is so many calls in each window. The zero rate is no limit.
type rate struct {
	Calls  int
	Window time.Duration
}

func parseRate(value string) (rate, error) {
	if value == "off" {
		return rate{}, nil
	}
	count, window, _ := strings.Cut(value, "/")
	calls, callsErr := strconv.Atoi(count)
	per, perErr := time.ParseDuration(window)
	if callsErr != nil || perErr != nil || calls < 1 || per <= 0 {
		return rate{}, fmt.Errorf("%q is not calls per window (use 60/1m, off)", value)
	}
	return rate{calls, per}, nil
}

func (r rate) String() string {
	if r == (rate{}) {
		return "off"
	}
	return strconv.Itoa(r.Calls) + "/" + formatDuration(r.Window)
}

// logLevel is a slog.Level that reads and prints the four words of LOG_LEVEL.
type logLevel slog.Level

func parseLogLevel(value string) (logLevel, error) {
	word, err := oneOf("debug", "info", "warn", "error")(value)
	if err != nil {
		return 0, err
	}
	var level slog.Level
	err = level.UnmarshalText([]byte(word))
	return logLevel(level), err
}

// Level makes a logLevel a slog.Leveler.
func (l logLevel) Level() slog.Level { return slog.Level(l) }

func (l logLevel) String() string { return strings.ToLower(l.Level().String()) }

type logFormat string

const (
	logJSON logFormat = "json"
	logText logFormat = "text"
)

// traceParent is what a caller's traceparent header means to us.
type traceParent string

const (
	traceJoin  traceParent = "join"  // part of the caller's trace; we decide on sampling
	traceTrust traceParent = "trust" // its decision on sampling as well
	traceLink  traceParent = "link"  // a trace of our own, linked to the caller's
)

// githubLink is how a user of the directory is found in GitHub.
type githubLink string

const (
	githubLinkOff      githubLink = "off"
	githubLinkUsername githubLink = "username" // the username is the login
)

type onOff bool

func parseOnOff(value string) (onOff, error) {
	word, err := oneOf("off", "on")(value)
	return word == "on", err
}

func (b onOff) String() string {
	if b {
		return "on"
	}
	return "off"
}

// oneOf returns a parser that takes these words and no others.
func oneOf[T ~string](words ...T) func(string) (T, error) {
	return func(value string) (T, error) {
		if !slices.Contains(words, T(value)) {
			return "", fmt.Errorf("%q is not one of %s", value, joinWords(words, " "))
		}
		return T(value), nil
	}
}

// origins are the web origins that may call us, as browsers send them, or "*"
// alone for any.
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

// parseOrigin writes an origin the way that browsers do (RFC 6454, 6.2), or it
// would never match one: lower case, without a default port.
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

// parsePrefix also takes an address, as the network of it alone.
func parsePrefix(item string) (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(item); err == nil {
		return prefix.Masked(), nil
	}
	addr, err := netip.ParseAddr(item)
	if err != nil {
		return netip.Prefix{}, err
	}
	if addr.Zone() != "" { // a prefix cannot hold one, and would quietly drop it
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

// sourceNames are names of upstreams, in the contract's order, none twice.
type sourceNames []string

func parseSourceNames(value string) (sourceNames, error) {
	var known sourceNames
	for _, u := range (&config{}).upstreams() {
		known = append(known, u.name)
	}
	given := items(value)
	var errs []error
	for _, item := range given {
		if !slices.Contains(known, item) {
			errs = append(errs, fmt.Errorf("%q is not one of %s", item, joinWords(known, " ")))
		}
	}
	return only(known, given), errors.Join(errs...)
}

func (s sourceNames) String() string { return joinWords(s, ",") }

// scopes are what a caller may do, in the order of knownScopes, none twice.
type scopes []string

var knownScopes = scopes{"weather:read", "users:read", "users:write"}

func parseAnonymousScopes(value string) (scopes, error) {
	if value == "none" {
		return nil, nil
	}
	given := strings.FieldsFunc(value, func(c rune) bool { return c == '+' || c == ',' || unicode.IsSpace(c) })
	if len(given) == 0 {
		return nil, errors.New("names no scope (use weather:read+users:read, none)")
	}
	var errs []error
	for _, item := range given {
		if !slices.Contains(knownScopes, item) {
			errs = append(errs, fmt.Errorf("%q is not one of %s", item, joinWords(knownScopes, " ")))
		}
	}
	return only(knownScopes, given), errors.Join(errs...)
}

func (s scopes) String() string {
	if len(s) == 0 {
		return "none"
	}
	return joinWords(s, "+")
}

// apiKey is a key that callers may present, and what it lets them do.
type apiKey struct {
	Name   string // not a secret: it stands for the caller in logs
	Scopes scopes
	Key    Secret
}

type apiKeys []apiKey

// parseAPIKeys says where its mistakes are by number alone: with the parts in
// the wrong order any of them may be the key.
func parseAPIKeys(value string) (apiKeys, error) {
	var all apiKeys
	var errs []error
	names, keys := map[string]int{}, map[string]int{}
	for i, item := range items(value) {
		key, err := parseAPIKey(item)
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

// parseAPIKey cuts at the first and the last colon, as scopes hold some.
func parseAPIKey(item string) (apiKey, error) {
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
	case slices.ContainsFunc(given, func(s string) bool { return !slices.Contains(knownScopes, s) }):
		return apiKey{}, fmt.Errorf("has a scope that is not one of %s", joinWords(knownScopes, " "))
	}
	return apiKey{name, only(knownScopes, given), newSecret(key)}, nil
}

// String tells the names, which are no secrets.
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

func (a apiKeys) GoString() string     { return a.String() }
func (a apiKeys) LogValue() slog.Value { return slog.StringValue(a.String()) }

// parseURL takes a web address without a password in it. It quotes nothing, as
// what it refuses may hold one.
func parseURL(value string) (url.URL, error) {
	u, err := url.Parse(value)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Port() != "" && !isPort(u.Port()):
		return url.URL{}, errors.New("is not an absolute http or https URL (use https://host/prefix)")
	case u.User != nil:
		return url.URL{}, errors.New("must not hold a user or a password")
	case strings.Contains(value, "#"):
		return url.URL{}, errors.New("must not hold a fragment")
	}
	return *u, nil
}

// parseText takes what can stand in a header and on a line of a log.
func parseText(value string) (string, error) {
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return "", fmt.Errorf("%q holds a control character or is not UTF-8", value)
	}
	return value, nil
}

func parseBool(value string) (bool, error) {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return false, fmt.Errorf("%q is neither true nor false", value)
	}
	return b, nil
}

func parseInt(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", value)
	}
	return n, nil
}

func parseNumber(value string) (float64, error) {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number (use 0.95)", value)
	}
	return f, nil
}

func parseDuration(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration (use 1500ms, 10m)", value)
	}
	return d, nil
}

// formatDuration is Duration.String without the zeros at its end: 24h, not
// 24h0m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// items splits a list at its commas and newlines, and leaves out empty items.
func items(list string) []string {
	var all []string
	for item := range strings.FieldsFuncSeq(list, func(c rune) bool { return c == ',' || c == '\n' }) {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// only returns those of the known words that are given, in the known order.
func only[S ~[]string](known S, given []string) S {
	var both S
	for _, word := range known {
		if slices.Contains(given, word) {
			both = append(both, word)
		}
	}
	return both
}

func joinWords[T ~string](words []T, separator string) string {
	var s []string
	for _, word := range words {
		s = append(s, string(word))
	}
	return strings.Join(s, separator)
}
