package declared

import (
	"strconv"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/jsontree"
	"tributary/upstream/declared/shape"
)

// values is what paths begin at in one request: the parameters, then the parts.
type values []value

// value is a parameter, a part's answer, or a batch's items. The zero value is absent.
type value struct {
	node  jsontree.Node
	items *items // of a batch; nil: it is none
}

// items are the items of a batch that have a value.
type items struct {
	keys  []string // in the order in which they were asked for
	byKey map[string]jsontree.Node
}

// find is where a path leads; absent if it leads nowhere.
func (v values) find(p *path, item jsontree.Node) value {
	at := value{node: item}
	if p.root != itemRoot {
		at = v[p.root]
	}
	for _, s := range p.steps {
		switch {
		case s.kind == toLookup:
			key, ok := v.keyAt(s.lookup, item)
			if !ok {
				return value{}
			}
			at = at.item(key)
		case at.items != nil:
			at = at.item(s.key)
		case s.kind == toIndex:
			at.node = at.node.Index(s.index)
		default:
			at.node = at.node.Member(s.key)
		}
	}
	return at
}

// item is the item of a batch under a key.
func (v value) item(key string) value {
	if v.items == nil {
		return value{}
	}
	return value{node: v.items.byKey[key]}
}

// keyAt is the text of the key that a path leads to.
func (v values) keyAt(p *path, item jsontree.Node) (string, bool) {
	return textOf(v.find(p, item).node, p.typ)
}

// textOf is a value as a parameter or a key: an integer in plain digits however it is
// written, another number as it came. Lists, objects and null have no such text.
func textOf(n jsontree.Node, t *shape.Type) (string, bool) {
	switch n.Kind() {
	case jsontree.Text:
		return n.Text()
	case jsontree.Boolean:
		return string(n.Bytes()), true
	case jsontree.Number:
		if t != nil && t.Kind == shape.Integer {
			if v, err := n.Value(t); err == nil {
				return strconv.Itoa(v.(int)), true
			}
		}
		return string(n.Bytes()), true
	}
	return "", false
}

// forExpression is a value as an expression sees it; nil if it is absent.
func (v value) forExpression(t *shape.Type) (any, error) {
	if v.items == nil {
		return v.node.Value(t)
	}
	return lookup{v.items, t.Rest}, nil
}

// lookup is a batch as an expression sees it: it reads the items that it needs.
type lookup struct {
	items *items
	typ   *shape.Type
}

// Lookup implements expression.Lookup.
func (l lookup) Lookup(key string) (any, error) { return l.items.byKey[key].Value(l.typ) }

// memo keeps what expressions read outside of items, which is the same for every item
// of a list. Nil keeps nothing.
type memo map[*path]any

// compute runs an expression. ok is false if the result is absent; an error says why,
// if it is not because something that it reads is.
func (v values) compute(l *leaf, item jsontree.Node, m memo) (result any, ok bool, err error) {
	at := -1
	return l.program.Run(func(*expression.Ref) (any, error) {
		at++
		p := l.refs[at]
		if kept, ok := m[p]; ok {
			return kept, nil
		}
		read, err := v.find(p, item).forExpression(p.typ)
		if err == nil && m != nil && p.root != itemRoot {
			m[p] = read
		}
		return read, err
	})
}
