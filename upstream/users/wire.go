package users

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// What the providers' requests and answers have in common.

// maxInteger is below 2^53: what every reader of JSON can count to.
const maxInteger = 1<<53 - 1

func get(ctx context.Context, pathAndQuery string) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodGet, pathAndQuery, nil)
}

// decodeJSON reads a body that is one JSON value beginning with open: '{' or
// '['. Its errors name the field and the rule but quote nothing: a body can be
// anything, and what is in it is personal.
func decodeJSON(body []byte, open byte, into any) error {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 {
		return errors.New("body: empty")
	}
	if body[0] != open {
		return fmt.Errorf("body: does not begin with %c", open)
	}
	err := json.Unmarshal(body, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(wrong.Value, " ") // "number 1e400": the number may be a page long
		return fmt.Errorf("%s: a JSON %s that cannot be read", wrong.Field, kind)
	}
	if err != nil {
		return errors.New("body: not JSON, or cut off")
	}
	return nil
}

// maybe reads a value where it is what we expect; anything else is unknown and
// spoils nothing around it.
type maybe[T any] struct{ value *T }

// UnmarshalJSON never fails.
func (m *maybe[T]) UnmarshalJSON(b []byte) error {
	m.value = nil
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	v := new(T)
	if json.Unmarshal(b, v) == nil {
		m.value = v
	}
	return nil
}

// text is a string that may be anything else; what is blank is unknown.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	var s string
	if b[0] == '"' && json.Unmarshal(b, &s) == nil && strings.TrimSpace(s) != "" {
		*t = text(s)
	}
	return nil
}

// number is a finite number, written as one or as a text of one.
type number struct{ value *float64 }

// UnmarshalJSON never fails.
func (n *number) UnmarshalJSON(b []byte) error {
	n.value = nil
	s := string(b)
	if b[0] == '"' {
		_ = json.Unmarshal(b, &s) // it is a text
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
		n.value = new(v + 0) // -0 is 0
	}
	return nil
}

// within is the number if it lies between least and most, else unknown.
func (n number) within(least, most float64) *float64 {
	if n.value == nil || *n.value < least || *n.value > most {
		return nil
	}
	return n.value
}

// count is the number if it counts something, else unknown.
func (n number) count() *int64 {
	v := n.within(0, maxInteger)
	if v == nil || *v != math.Trunc(*v) {
		return nil
	}
	return new(int64(*v))
}
