package users

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// maxDepth is the greatest nesting of a body; a user needs two levels.
const maxDepth = 8

// Errors for JSON that encoding/json would accept.
var (
	errTwice = errors.New("the body has an object with two members of one name")
	errDeep  = fmt.Errorf("the body nests more than %d deep", maxDepth)
)

// strictObject decodes one JSON object and keeps numbers as written. Unlike
// encoding/json it rejects duplicate names, which readers interpret differently (RFC
// 8259 §4), and invalid UTF-8. The error is a *MalformedError, or an *InvalidError if
// the JSON is not an object.
func strictObject(body []byte) (map[string]any, error) {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	switch {
	case len(trimmed) == 0:
		return nil, &MalformedError{"the body is empty"}
	case !utf8.Valid(body):
		return nil, &MalformedError{"the body is not UTF-8"}
	case !json.Valid(body): // also rejects text after the value
		return nil, &MalformedError{"the body is not JSON"}
	case trimmed[0] != '{':
		return nil, &InvalidError{[]FieldError{{Pointer: "", Detail: "must be a JSON object"}}}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := strictValue(d, 0)
	if err != nil {
		return nil, &MalformedError{err.Error()}
	}
	return v.(map[string]any), nil
}

// strictValue decodes the next value; the JSON is known to be valid.
func strictValue(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, errors.New("the body is not JSON")
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth++; depth > maxDepth {
		return nil, errDeep
	}
	object, array := map[string]any{}, []any{}
	for d.More() {
		if delim == '[' {
			v, err := strictValue(d, depth)
			if err != nil {
				return nil, err
			}
			array = append(array, v)
			continue
		}
		name, err := d.Token()
		if err != nil {
			return nil, errors.New("the body is not JSON")
		}
		if _, twice := object[name.(string)]; twice {
			return nil, errTwice
		}
		if object[name.(string)], err = strictValue(d, depth); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil { // reads the closing bracket
		return nil, errors.New("the body is not JSON")
	}
	if delim == '[' {
		return array, nil
	}
	return object, nil
}
