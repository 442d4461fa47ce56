package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

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

// isPort accepts only decimal digits; the resolver would also accept "http" and "+80".
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

// rate allows a number of calls in each window. The zero rate is no limit.
type rate struct {
	Calls  int
	Window time.Duration
}

// maxCalls is the greatest integer that a RateLimit header can hold (RFC 9651
// §3.3.1).
const maxCalls = 999_999_999_999_999

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
	if calls > maxCalls {
		return rate{}, fmt.Errorf("%q allows more than %d calls (use off for no limit)", value, maxCalls)
	}
	return rate{calls, per}, nil
}

func (r rate) String() string {
	if r == (rate{}) {
		return "off"
	}
	return strconv.Itoa(r.Calls) + "/" + formatDuration(r.Window)
}

// rates are limits that all apply at the same time; an empty list is no limit.
type rates []rate

func parseRates(value string) (rates, error) {
	if value == "off" {
		return nil, nil
	}
	var all rates
	var errs []error
	for _, item := range items(value) {
		r, err := parseRate(item)
		if err == nil && r == (rate{}) {
			err = errors.New("off cannot stand beside a limit")
		}
		all, errs = append(all, r), append(errs, err)
	}
	if len(all) == 0 {
		errs = append(errs, fmt.Errorf("%q is not calls per window (use 60/1m, off)", value))
	}
	return all, errors.Join(errs...)
}

func (r rates) String() string {
	if len(r) == 0 {
		return "off"
	}
	var words []string
	for _, one := range r {
		words = append(words, one.String())
	}
	return strings.Join(words, ",")
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

// traceParent is how a caller's traceparent header is used.
type traceParent string

const (
	traceJoin  traceParent = "join"  // continue the caller's trace, but decide on sampling
	traceTrust traceParent = "trust" // continue it, with its sampling decision
	traceLink  traceParent = "link"  // begin a trace, linked to the caller's
)

// githubLink is how a user of the directory is found in GitHub.
type githubLink string

const (
	githubLinkOff      githubLink = "off"
	githubLinkUsername githubLink = "username" // the username is the login
)

// admissionMode is how the number of requests that ask upstreams is limited.
type admissionMode string

const (
	admissionAdaptive admissionMode = "adaptive" // by how long goroutines wait for a processor
	admissionOff      admissionMode = "off"
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

// hostNames are names of hosts, in lower case and without ports.
type hostNames []string

var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)

func parseHostNames(value string) (hostNames, error) {
	var names hostNames
	var errs []error
	for _, item := range items(value) {
		name := strings.ToLower(item)
		if !hostName.MatchString(name) {
			errs = append(errs, fmt.Errorf("%q is not a host name (use console.example.com, without a port)", item))
			continue
		}
		names = append(names, name)
	}
	return names, errors.Join(errs...)
}

func (h hostNames) String() string { return joinWords(h, ",") }

// oneOf returns a parser that accepts only these words.
func oneOf[T ~string](words ...T) func(string) (T, error) {
	return func(value string) (T, error) {
		if !slices.Contains(words, T(value)) {
			return "", fmt.Errorf("%q is not one of %s", value, joinWords(words, " "))
		}
		return T(value), nil
	}
}

// sourceNames are names of upstreams, in the order of config.Upstreams, none twice.
type sourceNames []string

// parseSourceNames returns a parser for some of the known names.
func parseSourceNames(known sourceNames) func(string) (sourceNames, error) {
	return func(value string) (sourceNames, error) { return known.parse(value) }
}

func (known sourceNames) parse(value string) (sourceNames, error) {
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

// parseURL parses an http or https URL without user and password. Its errors quote
// nothing, because a refused URL may hold a password.
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

// parseURLPointer is parseURL for a field that is nil where there is no URL.
func parseURLPointer(value string) (*url.URL, error) {
	u, err := parseURL(value)
	return &u, err
}

// parseText accepts text that can be sent in a header and logged on one line.
func parseText(value string) (string, error) {
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return "", fmt.Errorf("%q holds a control character or is not UTF-8", value)
	}
	return value, nil
}

// parseContact accepts what a provider can use to reach the operator. Its error does not
// quote the value, which may be somebody's address.
func parseContact(value string) (string, error) {
	text, err := parseText(value)
	if err != nil {
		return "", err
	}
	_, noMail := mail.ParseAddress(text)
	u, noURL := parseURL(text)
	if noMail != nil && (noURL != nil || !strings.Contains(u.Hostname(), ".")) {
		return "", errors.New("is neither a mail address nor a web address (use ops@example.org, https://example.org/contact)")
	}
	return text, nil
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

// formatDuration is Duration.String without trailing zero units: 24h, not 24h0m0s.
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

// only returns the known words that are given, in the order of known.
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
