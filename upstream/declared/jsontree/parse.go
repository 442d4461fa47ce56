package jsontree

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// byteOrderMark is what some upstreams send before their JSON. RFC 8259, section
// 8.1, lets a reader ignore it.
var byteOrderMark = []byte("\ufeff")

// parser reads an answer's tokens, and writes its compact bytes and their index.
type parser struct {
	in    *jsontext.Decoder
	tree  Tree
	names map[string]string // each name of a member, so that equal ones share their text
}

// Parse reads one JSON value. It refuses what RFC 7493 refuses (names that appear
// twice in an object, broken UTF-8, lone surrogates), anything after the value, and
// what is beyond MaxDepth and MaxValues. Errors are of type *Error. raw is not kept.
func Parse(raw []byte) (*Tree, error) {
	raw = bytes.TrimPrefix(raw, byteOrderMark)
	if len(raw) > math.MaxInt32 {
		return nil, &Error{Rule: "more than 2 GB"}
	}
	p := parser{
		in:    jsontext.NewDecoder(bytes.NewBuffer(raw)),
		tree:  Tree{raw: make([]byte, 0, len(raw)), nodes: make([]node, 0, atMost(raw))},
		names: map[string]string{},
	}
	if err := p.value("", 0); err != nil {
		return nil, asError(raw, err)
	}
	if _, err := p.in.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, &Error{Rule: "something follows the value"}
	}
	t := p.tree
	if cap(t.raw) > len(t.raw)+len(t.raw)/4 {
		t.raw = slices.Clone(t.raw)
	}
	if cap(t.nodes) > len(t.nodes)+len(t.nodes)/4 {
		t.nodes = slices.Clone(t.nodes)
	}
	return &t, nil
}

// atMost is how many values raw can have: each but the first stands after a comma
// or is the first one in a list or an object.
func atMost(raw []byte) int {
	n := 1 + bytes.Count(raw, []byte{','}) + bytes.Count(raw, []byte{'['}) + bytes.Count(raw, []byte{'{'})
	return min(n, MaxValues)
}

// value reads one value that stands in depth lists and objects.
func (p *parser) value(key string, depth int) error {
	if len(p.tree.nodes) == MaxValues {
		return p.refuse("more than 100,000 values")
	}
	at := len(p.tree.nodes)
	p.tree.nodes = append(p.tree.nodes, node{key: key, start: int32(len(p.tree.raw))})
	kind, err := p.content(depth)
	if err != nil {
		return err
	}
	n := &p.tree.nodes[at]
	n.kind, n.end, n.next = kind, int32(len(p.tree.raw)), int32(len(p.tree.nodes))
	return nil
}

func (p *parser) content(depth int) (Kind, error) {
	switch kind := p.in.PeekKind(); kind {
	case '{', '[':
		if depth == MaxDepth {
			return Absent, p.refuse("nested more than 64 deep")
		}
		if kind == '{' {
			return Object, p.between('}', func() error { return p.member(depth + 1) })
		}
		return List, p.between(']', func() error { return p.value("", depth+1) })
	default:
		return kinds[kind], p.copy()
	}
}

var kinds = map[jsontext.Kind]Kind{'n': Null, 't': Boolean, 'f': Boolean, '"': Text, '0': Number}

// between reads a list or an object with all its entries.
func (p *parser) between(end jsontext.Kind, entry func() error) error {
	begin, err := p.in.ReadToken()
	if err != nil {
		return err
	}
	p.tree.raw = append(p.tree.raw, byte(begin.Kind()))
	for first := true; p.in.PeekKind() != end; first = false {
		if !first {
			p.tree.raw = append(p.tree.raw, ',')
		}
		if err := entry(); err != nil {
			return err
		}
	}
	p.tree.raw = append(p.tree.raw, byte(end))
	_, err = p.in.ReadToken()
	return err
}

// member reads a name and its value.
func (p *parser) member(depth int) error {
	start := len(p.tree.raw)
	if err := p.copy(); err != nil {
		return err
	}
	name, err := p.name(p.tree.raw[start:])
	if err != nil {
		return err
	}
	p.tree.raw = append(p.tree.raw, ':')
	return p.value(name, depth)
}

// copy takes over a value that has no others in it, or a name, as it is written.
func (p *parser) copy() error {
	b, err := p.in.ReadValue()
	p.tree.raw = append(p.tree.raw, b...)
	return err
}

// name is the text of a member's name.
func (p *parser) name(quoted []byte) (string, error) {
	var buf [64]byte
	b, err := jsontext.AppendUnquote(buf[:0], quoted)
	if err != nil {
		return "", err
	}
	known, ok := p.names[string(b)]
	if !ok {
		known = string(b)
		p.names[known] = known
	}
	return known, nil
}

func (p *parser) refuse(rule string) error {
	return &Error{Place: string(p.in.StackPointer()), Rule: rule}
}
