package jsontree

import (
	"bytes"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// Node is a value of a tree. The zero Node is an absent value, and so is what is
// looked up in one.
type Node struct {
	tree *Tree
	at   int32
}

func (n Node) node() *node { return &n.tree.nodes[n.at] }

// Kind is what the value is; Absent if there is none.
func (n Node) Kind() Kind {
	if n.tree == nil {
		return Absent
	}
	return n.node().kind
}

// IsAbsent reports whether there is no value, or null.
func (n Node) IsAbsent() bool { return n.Kind() <= Null }

// Bytes are the value as it was written, without white space; nil if it is absent.
// They must not be changed.
func (n Node) Bytes() []byte {
	if n.tree == nil {
		return nil
	}
	of := n.node()
	return n.tree.raw[of.start:of.end:of.end]
}

// Member is the value of an object's member.
func (n Node) Member(key string) Node {
	if n.Kind() != Object {
		return Node{}
	}
	nodes := n.tree.nodes
	for c, end := n.at+1, nodes[n.at].next; c < end; c = nodes[c].next {
		if nodes[c].key == key {
			return Node{n.tree, c}
		}
	}
	return Node{}
}

// Index is a list's item, counted from 0. There is none at a negative index.
func (n Node) Index(i int) Node {
	if n.Kind() != List || i < 0 {
		return Node{}
	}
	nodes := n.tree.nodes
	for c, end := n.at+1, nodes[n.at].next; c < end; c = nodes[c].next {
		if i == 0 {
			return Node{n.tree, c}
		}
		i--
	}
	return Node{}
}

// Len is how many items or members a list or an object has, nulls included.
func (n Node) Len() int {
	length := 0
	for range n.children() {
		length++
	}
	return length
}

// Items are a list's items, nulls included; nothing for other values.
func (n Node) Items() iter.Seq[Node] {
	if n.Kind() != List {
		return func(func(Node) bool) {}
	}
	return n.children()
}

// Members are an object's members in the order they came, nulls included; nothing
// for other values.
func (n Node) Members() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		if n.Kind() != Object {
			return
		}
		for c := range n.children() {
			if !yield(c.node().key, c) {
				return
			}
		}
	}
}

// children are the items of a list and the values of an object.
func (n Node) children() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.tree == nil {
			return
		}
		nodes := n.tree.nodes
		for c, end := n.at+1, nodes[n.at].next; c < end; c = nodes[c].next {
			if !yield(Node{n.tree, c}) {
				return
			}
		}
	}
}

// Text is the text that the value is, unescaped; false if it is none.
func (n Node) Text() (string, bool) {
	if n.Kind() != Text {
		return "", false
	}
	b := n.Bytes()
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b[1 : len(b)-1]), true
	}
	b, err := jsontext.AppendUnquote(nil, b)
	return string(b), err == nil
}

// place is where the node is, as a JSON Pointer. It is looked for from the root:
// only errors need it.
func (n Node) place() string {
	var p jsontext.Pointer
	for at := n.tree.Root(); at.at != n.at; {
		i := 0
		for c := range at.children() {
			if n.at < c.node().next {
				p, at = p.AppendToken(at.token(c, i)), c
				break
			}
			i++
		}
	}
	return string(p)
}
