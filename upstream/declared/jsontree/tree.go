// Package jsontree has answers that are parsed once and then read many times: the
// bytes that came, without white space, and an index over them. Paths copy the
// bytes, so that digits and the order of members survive.
package jsontree

import "unsafe"

// What Parse accepts at most. The index of an answer is several times as large as
// its smallest values, so these limits hold before anything else looks at it.
const (
	MaxDepth  = 64      // lists and objects within each other
	MaxValues = 100_000 // values of any kind, the root included
)

// Tree is a parsed answer. It is not changed once made, so it may be shared.
type Tree struct {
	raw   []byte // compact
	nodes []node // in the order of raw: parents before children
}

// node is one value of a tree. It takes 32 bytes.
type node struct {
	key        string // an object's member has a name, unescaped
	start, end int32  // in raw
	next       int32  // the first node after this value and all that is in it
	kind       Kind
}

// Kind is what a value is.
type Kind uint8

// The kinds. Absent is what is not in the tree.
const (
	Absent Kind = iota
	Null
	Boolean
	Number
	Text
	Object
	List
)

// Single is a text, a number, true or false, which is known to be valid JSON. ok is
// false for what must be parsed.
func Single(raw []byte) (n Node, ok bool) {
	if len(raw) == 0 {
		return Node{}, false
	}
	kind := Number
	switch raw[0] {
	case '"':
		kind = Text
	case 't', 'f':
		kind = Boolean
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
	default:
		return Node{}, false
	}
	t := &struct {
		Tree
		only [1]node
	}{Tree: Tree{raw: raw}, only: [1]node{{end: int32(len(raw)), next: 1, kind: kind}}}
	t.nodes = t.only[:]
	return t.Root(), true
}

// Root is the whole answer.
func (t *Tree) Root() Node {
	if t == nil || len(t.nodes) == 0 {
		return Node{}
	}
	return Node{tree: t}
}

// Size is about how many bytes of memory the tree takes.
func (t *Tree) Size() int {
	size := int(unsafe.Sizeof(*t)) + cap(t.raw) + cap(t.nodes)*int(unsafe.Sizeof(node{}))
	for i := range t.nodes {
		size += len(t.nodes[i].key) // at most: equal names share their text
	}
	return size
}
