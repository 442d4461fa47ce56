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

// What the providers' requests and answers have in common.

// maxInteger is below 2^53: what every reader of JSON can count to.
const maxInteger = 1<<53 - 1

func get(ctx context.Context, pathAndQuery string) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodGet, pathAndQuery, nil)
}

// maybe reads an object. Anything else is unknown, and the rest of the answer
// is read all the same.
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

// text is a string, or a number as it is written: directories store postal
// codes and phone numbers as either. Anything else is unknown, and so is a
// blank string.
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

// identifier is a positive integer below 2^53 in decimal digits, as a JSON
// number or as a string. Anything else is 0: "12e1" is a name of somebody's
// choosing and not the number 120.
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

// flag is true or false, also as the 0 and 1 of a database without booleans,
// and each of the four as a string. Anything else is unknown.
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

// number is a finite decimal number, as a JSON number or as a string.
type number struct{ value *float64 }

// UnmarshalJSON never fails.
func (n *number) UnmarshalJSON(b []byte) error {
	n.value = nil
	s := strings.TrimSpace(unquoted(b))
	if strings.Trim(s, "0123456789.eE+-") != "" { // ParseFloat also reads hexadecimals, infinities and NaN
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && !math.IsInf(v, 0) {
		n.value = new(v + 0) // -0 is 0
	}
	return nil
}

// unquoted is the content of a JSON string, or any other value as it is
// written.
func unquoted(b []byte) string {
	if b[0] != '"' {
		return string(b)
	}
	var s string
	_ = json.Unmarshal(b, &s) // it is a string
	return s
}

func isNumber(b []byte) bool { return b[0] == '-' || b[0] >= '0' && b[0] <= '9' }

// within is the number if it lies between least and most, else nil.
func (n number) within(least, most float64) *float64 {
	if n.value == nil || *n.value < least || *n.value > most {
		return nil
	}
	return n.value
}

// count is the number if it is a whole one from 0, else nil.
func (n number) count() *int64 {
	v := n.within(0, maxInteger)
	if v == nil || *v != math.Trunc(*v) {
		return nil
	}
	return new(int64(*v))
}
