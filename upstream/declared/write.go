package declared

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream/declared/jsontree"
)

// rendering writes the data of one answer.
type rendering struct {
	values values
	memo   memo
	parts  int // the root of the first part; those before it are parameters
	over   int // the part that the surrounding each goes over; itemRoot: none
	faults []fault

	tooLarge bool
}

// fault is why a value could not be computed.
type fault struct {
	root int // the first part that it reads; itemRoot: it reads none
	text string
}

// maxData is the greatest size of an answer's data, in bytes, and maxFaults the most
// faults that are told.
const (
	maxData   = 16 << 20
	maxFaults = 3
)

var errDataTooLarge = errors.New("the answer is larger than 16 MiB")

// render writes the data of an answer. The values from parts on are those of parts.
func render(d *dataNode, v values, parts int) ([]byte, []fault, error) {
	r := &rendering{values: v, memo: memo{}, parts: parts, over: itemRoot}
	b, ok := r.write(make([]byte, 0, 512), d, jsontree.Node{})
	switch {
	case r.tooLarge || len(b) > maxData:
		return nil, nil, errDataTooLarge
	case !ok && d.members != nil:
		b = append(b, "{}"...) // the root is there even when it is empty
	case !ok:
		b = append(b, "null"...)
	}
	return b, r.faults, nil
}

// write appends the value of a node. Without a value it appends nothing, and ok is
// false.
func (r *rendering) write(b []byte, d *dataNode, item jsontree.Node) (_ []byte, ok bool) {
	if len(b) > maxData {
		r.tooLarge = true
		return b, false
	}
	switch {
	case d.as != nil:
		return r.list(b, d, item)
	case d.leaf == nil:
		return r.object(b, d, item)
	case d.leaf.path != nil:
		return r.values.find(d.leaf.path, item).append(b)
	}
	result, ok, err := r.values.compute(d.leaf, item, r.memo)
	if err != nil {
		r.fault(d.leaf, err)
	}
	if !ok || err != nil {
		return b, false
	}
	return appendComputed(b, result)
}

// object appends the members that have a value; an object without any has none
// itself.
func (r *rendering) object(b []byte, d *dataNode, item jsontree.Node) (_ []byte, ok bool) {
	start := len(b)
	b = append(b, '{')
	for _, m := range d.members {
		before := len(b)
		if ok {
			b = append(b, ',')
		}
		b = append(b, m.key...)
		var has bool
		if b, has = r.write(b, m.value, item); !has {
			b = b[:before]
		}
		ok = ok || has
	}
	if !ok {
		return b[:start], false
	}
	return append(b, '}'), true
}

// list appends a list with the items that have a value.
func (r *rendering) list(b []byte, d *dataNode, item jsontree.Node) (_ []byte, ok bool) {
	list, ok := r.items(d, item)
	if !ok {
		return b, false
	}
	if r.over == itemRoot {
		r.over = r.partOf(d.each)
		defer func() { r.over = itemRoot }()
	}
	b = append(b, '[')
	first := true
	for i := range list.Items() {
		before := len(b)
		if !first {
			b = append(b, ',')
		}
		var has bool
		if b, has = r.write(b, d.as, i); !has {
			b = b[:before]
			continue
		}
		first = false
	}
	return append(b, ']'), true
}

// items is the list that each goes over.
func (r *rendering) items(d *dataNode, item jsontree.Node) (list jsontree.Node, ok bool) {
	if d.each.path != nil {
		list = r.values.find(d.each.path, item).node
		return list, list.Kind() == jsontree.List
	}
	result, ok, err := r.values.compute(d.each, item, r.memo)
	if err != nil {
		r.fault(d.each, err)
	}
	if !ok || err != nil {
		return list, false
	}
	written, ok := appendComputed(nil, result)
	if !ok {
		return list, false
	}
	tree, err := jsontree.Parse(written)
	if err != nil {
		r.fault(d.each, err)
		return list, false
	}
	return tree.Root(), tree.Root().Kind() == jsontree.List
}

// fault notes why a leaf has no value. What reads only the item of a list is told at
// the part that the list comes from.
func (r *rendering) fault(l *leaf, err error) {
	if len(r.faults) == maxFaults {
		return
	}
	f := fault{root: r.partOf(l), text: err.Error()}
	if f.root == itemRoot {
		f.root = r.over
	}
	if !slices.Contains(r.faults, f) {
		r.faults = append(r.faults, f)
	}
}

// partOf is the root of the first part that a leaf reads, itemRoot if it reads none.
func (r *rendering) partOf(l *leaf) int {
	for _, root := range l.roots() {
		if root >= r.parts {
			return root
		}
	}
	return itemRoot
}

// append copies the bytes of a value.
func (v value) append(b []byte) (_ []byte, ok bool) {
	if v.items == nil {
		if v.node.IsAbsent() {
			return b, false
		}
		return append(b, v.node.Bytes()...), true
	}
	b = append(b, '{')
	for i, key := range v.items.keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, key)
		b = append(b, ':')
		b = append(b, v.items.byKey[key].Bytes()...)
	}
	return append(b, '}'), true
}

// appendComputed appends the result of an expression.
func appendComputed(b []byte, result any) (_ []byte, ok bool) {
	switch v := result.(type) {
	case nil:
		return b, false
	case string:
		return appendText(b, v), true
	case int:
		return strconv.AppendInt(b, int64(v), 10), true
	case bool:
		return strconv.AppendBool(b, v), true
	case float64:
		text, err := json.Marshal(v)
		return append(b, text...), err == nil
	}
	text, err := jsonv2.Marshal(result, jsonv2.Deterministic(true))
	return append(b, text...), err == nil
}

func appendText(b []byte, s string) []byte {
	b, err := jsontext.AppendQuote(b, s)
	if err != nil {
		return b // with the invalid characters replaced
	}
	return b
}
