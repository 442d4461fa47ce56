package expression

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// text checks what was built, and counts it.
func text(m *machine, s string) (any, error) {
	if len(s) > MaxText {
		return nil, errText
	}
	return s, m.charge(len(s))
}

func concat(m *machine, a string, b any) (any, error) {
	s, ok := b.(string)
	switch {
	case !ok:
		return nil, errType
	case len(a)+len(s) > MaxText:
		return nil, errText
	}
	return text(m, a+s)
}

// toText is a scalar as JSON writes it, and text as it is.
func toText(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int:
		return strconv.Itoa(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		format := byte('f')
		if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
			format = 'e'
		}
		return strconv.FormatFloat(v, format, -1, 64), nil
	}
	return nil, errType
}

// indexOf is the place of a text in another, in characters; -1 if it is not in it.
func indexOf(in, what any) (any, error) {
	s, ok := in.(string)
	part, also := what.(string)
	if !ok || !also {
		return nil, errType
	}
	i := strings.Index(s, part)
	if i < 0 {
		return -1, nil
	}
	return utf8.RuneCountInString(s[:i]), nil
}

// slice is x[from:to] of a list or of a text's characters. As in expr, negative ends
// count from the end, and what is beyond an end is left out.
func slice(v, from, to any) (any, error) {
	switch v := v.(type) {
	case []any:
		i, j, err := between(len(v), from, to)
		if err != nil {
			return nil, err
		}
		return v[i:j:j], nil
	case string:
		characters := []rune(v)
		i, j, err := between(len(characters), from, to)
		if err != nil {
			return nil, err
		}
		return string(characters[i:j]), nil
	}
	return nil, errType
}

func between(length int, from, to any) (i, j int, err error) {
	i, j = 0, length
	for _, end := range []struct {
		v  any
		to *int
	}{{from, &i}, {to, &j}} {
		n, ok := end.v.(int)
		switch {
		case end.v == nil:
			continue
		case !ok:
			return 0, 0, errType
		case n < 0:
			n += length
		}
		*end.to = min(max(n, 0), length)
	}
	return min(i, j), j, nil
}

// join puts texts together, with another between them.
func join(m *machine, args []any) (any, error) {
	list, ok := args[0].([]any)
	glue := ""
	if ok && len(args) == 2 {
		glue, ok = args[1].(string)
	}
	if !ok {
		return nil, errType
	}
	if err := m.charge(len(list)); err != nil {
		return nil, err
	}
	var b strings.Builder
	for i, item := range list {
		s, ok := item.(string)
		switch {
		case item == nil:
			return nil, errAbsent
		case !ok:
			return nil, errType
		case b.Len()+len(glue)+len(s) > MaxText:
			return nil, errText
		}
		if i > 0 {
			b.WriteString(glue)
		}
		b.WriteString(s)
	}
	return text(m, b.String())
}

// split cuts a text at another one, or into characters if that is empty.
func split(m *machine, args []any) (any, error) {
	s, ok := args[0].(string)
	at, also := args[1].(string)
	if !ok || !also {
		return nil, errType
	}
	if err := m.charge(splitWork * len(s)); err != nil {
		return nil, err
	}
	parts := strings.Split(s, at)
	list := make([]any, len(parts))
	for i, part := range parts {
		list[i] = part
	}
	return list, nil
}

// replace puts one text in another's place, wherever that is.
func replace(m *machine, args []any) (any, error) {
	s, ok := args[0].(string)
	old, also := args[1].(string)
	by, too := args[2].(string)
	if !ok || !also || !too {
		return nil, errType
	}
	if len(s)+strings.Count(s, old)*(len(by)-len(old)) > MaxText {
		return nil, errText
	}
	return text(m, strings.ReplaceAll(s, old, by))
}
