package jsontree

import (
	"encoding/json"
	"strconv"

	"tributary/upstream/declared/shape"
)

// MaxText is the longest text, in bytes, that an expression may see. Functions that
// build text multiply what they are given.
const MaxText = 64 << 10

// Value is the value for an expression: string, int, float64, bool, []any or
// map[string]any; nil if it is absent. The type decides, and not how a number is
// written: an integer may be written 4.0, and a number 10. Members that the type
// does not know are left out, as no expression can name them, and so are nulls; in
// lists nulls stay, as nil. What an expression cannot have (text beyond MaxText,
// an integer beyond 64 bits, a number beyond float64) is an *Error.
func (n Node) Value(t *shape.Type) (any, error) {
	if n.IsAbsent() {
		return nil, nil
	}
	if t == nil || t.Kind == shape.Any {
		return n.untyped()
	}
	if !n.is(t.Kind) {
		return nil, n.refuse("not " + t.Kind.String())
	}
	switch t.Kind {
	case shape.Integer:
		return n.integer()
	case shape.Number:
		return n.number()
	case shape.List:
		return n.list(t.Items)
	case shape.Object:
		return n.object(t)
	}
	return n.untyped()
}

// is reports whether a value of this kind can be of a type.
func (n Node) is(t shape.Kind) bool {
	switch t {
	case shape.Text:
		return n.Kind() == Text
	case shape.Integer, shape.Number:
		return n.Kind() == Number
	case shape.Boolean:
		return n.Kind() == Boolean
	case shape.List:
		return n.Kind() == List
	}
	return n.Kind() == Object
}

// anyMember is the type of an object of which nothing is known.
var anyMember = &shape.Type{Kind: shape.Object, Rest: &shape.Type{}}

func (n Node) untyped() (any, error) {
	switch n.Kind() {
	case Boolean:
		return n.Bytes()[0] == 't', nil
	case Number:
		if whole(n.Bytes()) {
			return n.integer()
		}
		return n.number()
	case Text:
		s, _ := n.Text()
		if len(s) > MaxText {
			return nil, n.refuse("text of more than 64 kB in an expression")
		}
		return s, nil
	case List:
		return n.list(nil)
	}
	return n.object(anyMember)
}

func (n Node) integer() (any, error) {
	i, rule := integer(n.Bytes())
	if rule != "" {
		return nil, n.refuse(rule)
	}
	return i, nil
}

func (n Node) number() (any, error) {
	f, err := strconv.ParseFloat(string(n.Bytes()), 64)
	if err != nil {
		return nil, n.refuse("number beyond 64 bits in an expression")
	}
	return f, nil
}

func (n Node) list(item *shape.Type) (any, error) {
	items := make([]any, 0, n.Len())
	for c := range n.Items() {
		v, err := c.Value(item)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return items, nil
}

func (n Node) object(t *shape.Type) (any, error) {
	members := make(map[string]any, min(n.Len(), len(t.Fields)+16))
	for key, c := range n.Members() {
		field := t.Field(key)
		if field == nil || c.IsAbsent() {
			continue
		}
		v, err := c.Value(field)
		if err != nil {
			return nil, err
		}
		members[key] = v
	}
	return members, nil
}

// Any is the value for a schema's validator: as encoding/json would decode it, with
// a json.Number for each number. A number that is so long that exact arithmetic with
// it would take long is an *Error.
func (n Node) Any() (any, error) {
	switch n.Kind() {
	case Text:
		s, _ := n.Text()
		return s, nil
	case Number:
		if b := n.Bytes(); tooLong(b) {
			return nil, n.refuse("a number with more than 1,000 digits")
		}
		return json.Number(n.Bytes()), nil
	case Boolean:
		return n.Bytes()[0] == 't', nil
	case List:
		items := make([]any, 0, n.Len())
		for c := range n.Items() {
			v, err := c.Any()
			if err != nil {
				return nil, err
			}
			items = append(items, v)
		}
		return items, nil
	case Object:
		members := make(map[string]any, n.Len())
		for key, c := range n.Members() {
			v, err := c.Any()
			if err != nil {
				return nil, err
			}
			members[key] = v
		}
		return members, nil
	}
	return nil, nil
}

func (n Node) refuse(rule string) error { return &Error{Place: n.place(), Rule: rule} }

// token is the part of a JSON Pointer that leads to the child c, which is number i.
func (n Node) token(c Node, i int) string {
	if n.Kind() == List {
		return strconv.Itoa(i)
	}
	return c.node().key
}
