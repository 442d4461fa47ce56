package declared

import (
	"encoding/json"

	"tributary/upstream/declared/shape"
)

// dataNode is what an answer holds at one place, ready to be written.
type dataNode struct {
	typ     *shape.Type
	leaf    *leaf
	members []dataField
	each    *leaf     // the list
	as      *dataNode // of each item; nil: it is no list
}

type dataField struct {
	name  string
	key   []byte // `"name":`
	value *dataNode
}

// data compiles what an answer holds. item is the type of ".", nil outside each. It
// returns nil after a mistake.
func (c *compiler) data(n *names, d *dataDecl, item *shape.Type) *dataNode {
	switch {
	case d.as != nil:
		return c.eachOf(n, d, item)
	case d.isMapping():
		return c.mappingOf(n, d, item)
	}
	l := c.leaf(n, d.leaf, d.where, item)
	if l == nil {
		return nil
	}
	return &dataNode{typ: l.typ, leaf: l}
}

func (c *compiler) mappingOf(n *names, d *dataDecl, item *shape.Type) *dataNode {
	node := &dataNode{typ: &shape.Type{Kind: shape.Object, Fields: make(map[string]*shape.Type, len(d.members))}}
	for _, m := range d.members {
		value := c.data(n, m.value, item)
		if value == nil {
			continue
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			c.mistakeAt(1, 1, d.where, "%q cannot be the name of a member", m.key)
			continue
		}
		node.members = append(node.members, dataField{m.key, append(key, ':'), value})
		node.typ.Fields[m.key] = value.typ
	}
	return node
}

func (c *compiler) eachOf(n *names, d *dataDecl, item *shape.Type) *dataNode {
	list := c.leaf(n, d.each, d.where+".each", item)
	if list == nil {
		return nil
	}
	items := itemsOf(list.typ)
	if items == nil {
		c.mistakeIn(d.each, 0, d.where+".each", "must be a list, not %s", list.typ.Kind)
		return nil
	}
	as := c.data(n, d.as, items)
	if as == nil {
		return nil
	}
	return &dataNode{typ: &shape.Type{Kind: shape.List, Items: as.typ}, each: list, as: as}
}
