package users

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"

	"tributary/upstream"
)

// Helpers for the requests and answers of all providers.

// maxInteger is 2^53-1, the greatest integer that every JSON reader has exactly.
const maxInteger = 1<<53 - 1

func get(ctx context.Context, pathAndQuery string) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodGet, pathAndQuery, nil)
}

// maybe decodes an object. Any other value is unknown and does not fail the rest of
// the answer.
type maybe[T any] struct{ value *T }

// UnmarshalJSON never fails.
func (m *maybe[T]) UnmarshalJSON(b []byte) error {
	m.value = nil
	v := new(T)
	if upstream.DecodeJSON(b, '{', v) == nil {
		m.value = v
	}
	return nil
}

// text decodes a string, or a number as written, because directories store postal
// codes and phone numbers as either. Any other value and a blank string are unknown.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	s := unquoted(b)
	if b[0] != '"' && !isNumber(b) || strings.TrimSpace(s) == "" {
		return nil
	}
	*t = text(s)
	return nil
}

// identifier decodes a positive integer below 2^53 in decimal digits, as a JSON number
// or a string. Any other value is 0: "12e1" is a name, not the number 120.
type identifier int64

// UnmarshalJSON never fails.
func (i *identifier) UnmarshalJSON(b []byte) error {
	*i = 0
	s := unquoted(b)
	if strings.Trim(s, "0123456789") != "" {
		return nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n <= maxInteger {
		*i = identifier(n)
	}
	return nil
}

// flag decodes true or false, the numbers 1 or 0 of databases without booleans, or one
// of these as a string. Any other value is unknown.
type flag struct{ value *bool }

// UnmarshalJSON never fails.
func (f *flag) UnmarshalJSON(b []byte) error {
	f.value = nil
	switch unquoted(b) {
	case "true", "1":
		f.value = new(true)
	case "false", "0":
		f.value = new(false)
	}
	return nil
}

// number decodes a finite decimal number, as a JSON number or a string.
type number struct{ value *float64 }

// UnmarshalJSON never fails.
func (n *number) UnmarshalJSON(b []byte) error {
	n.value = nil
	s := strings.TrimSpace(unquoted(b))
	if strings.Trim(s, "0123456789.eE+-") != "" { // ParseFloat also accepts hexadecimal numbers, infinities and NaN
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && !math.IsInf(v, 0) {
		n.value = new(v + 0) // adding 0 turns -0 into 0
	}
	return nil
}

// unquoted returns the content of a JSON string, or any other value as written.
func unquoted(b []byte) string {
	if b[0] != '"' {
		return string(b)
	}
	var s string
	_ = json.Unmarshal(b, &s) // cannot fail: b is a JSON string
	return s
}

func isNumber(b []byte) bool { return b[0] == '-' || b[0] >= '0' && b[0] <= '9' }

// within returns the number if it is between least and most, else nil.
func (n number) within(least, most float64) *float64 {
	if n.value == nil || *n.value < least || *n.value > most {
		return nil
	}
	return n.value
}

// count returns the number if it is an integer from 0, else nil.
func (n number) count() *int64 {
	v := n.within(0, maxInteger)
	if v == nil || *v != math.Trunc(*v) {
		return nil
	}
	return new(int64(*v))
}
