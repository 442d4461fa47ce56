package app

import (
	"errors"
	"log/slog"
	"strings"
)

// Secret is a value that is never shown: printed, logged or encoded it is only "set"
// or "unset". The zero Secret is unset.
type Secret struct {
	// A pointer, because fmt does not call the methods of values in unexported
	// fields. For a Secret in such a field it then prints an address, not the value.
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

// parseSecret refuses what no header can hold. Most often that is a second newline at
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
