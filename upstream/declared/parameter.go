package declared

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"tributary/upstream/declared/schema"
	"tributary/upstream/declared/shape"
)

// Parameter is a parameter of an endpoint.
type Parameter struct {
	Name     string
	InPath   bool
	Required bool
	Schema   *schema.Schema
	Default  json.RawMessage // nil: none

	written *yaml.Node // its schema in the file
}

// Repeats reports whether the parameter is a list, given once for each item.
func (p *Parameter) Repeats() bool { return p.Schema.Type.Kind == shape.List }

// maxParameter is the greatest length of a parameter's text, in characters.
const maxParameter = 1000

// Parse is the JSON of the values that a caller gave. Its error says what rule they
// break, and does not quote them.
func (p *Parameter) Parse(given []string) (json.RawMessage, error) {
	if len(given) == 0 {
		if p.Required {
			return nil, errors.New("is missing")
		}
		return p.Default, nil
	}
	if !p.Repeats() && len(given) > 1 {
		return nil, fmt.Errorf("is given %d times; once is enough", len(given))
	}
	value, err := p.value(given)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, errors.New("cannot be read")
	}
	if err := p.Schema.Validate(v); err != nil {
		return nil, errors.New(strings.TrimLeft(strings.TrimPrefix(err.Error(), "/"), ": "))
	}
	return value, nil
}

func (p *Parameter) value(given []string) (json.RawMessage, error) {
	if !p.Repeats() {
		return parseValue(given[0], p.Schema.Type.Kind)
	}
	kind := shape.Text
	if items := p.Schema.Type.Items; items != nil {
		kind = items.Kind
	}
	list := []byte{'['}
	for i, g := range given {
		v, err := parseValue(g, kind)
		if err != nil {
			return nil, fmt.Errorf("value %d %w", i+1, err)
		}
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, v...)
	}
	return append(list, ']'), nil
}

// The forms of numbers in a query: plain decimals, as for the built-in endpoints. They are
// compiled at their first use: a start without declared endpoints does not need them.
var (
	integerForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?(0|[1-9][0-9]{0,18})$`) })
	numberForm  = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?$`)
	})
)

func parseValue(text string, kind shape.Kind) (json.RawMessage, error) {
	switch kind {
	case shape.Integer:
		if _, err := strconv.ParseInt(text, 10, 64); err != nil || !integerForm().MatchString(text) {
			return nil, errors.New("must be an integer in plain digits")
		}
		return json.RawMessage(text), nil
	case shape.Number:
		if !numberForm().MatchString(text) {
			return nil, errors.New("must be a number in plain decimals")
		}
		return json.RawMessage(text), nil
	case shape.Boolean:
		if text != "true" && text != "false" {
			return nil, errors.New("must be true or false")
		}
		return json.RawMessage(text), nil
	}
	switch {
	case !utf8.ValidString(text):
		return nil, errors.New("is not valid UTF-8")
	case strings.ContainsFunc(text, unicode.IsControl):
		return nil, errors.New("has control characters")
	case utf8.RuneCountInString(text) > maxParameter:
		return nil, fmt.Errorf("has more than %d characters", maxParameter)
	}
	return json.Marshal(text)
}
