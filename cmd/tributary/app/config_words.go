package app

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// oneOf returns a parser that accepts only these words.
func oneOf[T ~string](words ...T) func(string) (T, error) {
	return func(value string) (T, error) {
		if !slices.Contains(words, T(value)) {
			return "", fmt.Errorf("%q is not one of %s", value, joinWords(words, " "))
		}
		return T(value), nil
	}
}

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

func joinWords[T ~string](words []T, separator string) string {
	var s []string
	for _, word := range words {
		s = append(s, string(word))
	}
	return strings.Join(s, separator)
}
