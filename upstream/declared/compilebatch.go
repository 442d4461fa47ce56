package declared

import (
	"strings"

	"tributary/upstream/declared/shape"
)

// batch is how many keys are asked in one call.
type batch struct {
	over  int // the parameter that holds the keys
	by    *path
	items *path // nil: the root is the list
	most  int
	join  string
}

func (c *compiler) batchOf(s *source) {
	d := s.decl.batch
	b := &batch{over: -1, most: d.most, join: d.join}
	for i, p := range s.template.parameters {
		if p == d.over.text {
			b.over = i
		}
	}
	switch {
	case d.over.text == "" || s.unknown:
	case b.over < 0:
		c.mistakeIn(d.over, 0, d.where+".over", "%s is no parameter of get%s", d.over.text, didYouMean(d.over.text, s.template.parameters))
	case b.join == "" && s.template.inPath(b.over):
		c.mistakeIn(d.over, 0, d.where+".over", "a parameter of the path cannot be repeated; say what joins the keys: join: ','")
	}
	// One item is all that the schema describes: where the list is, nothing says.
	anywhere := newNames(nil)
	if d.items.text != "" {
		b.items = c.pathOf(anywhere, d.items, d.where+".items", &shape.Type{})
	}
	if d.by.text != "" {
		b.by = c.pathOf(anywhere, d.by, d.where+".by", s.typ)
		if b.by != nil && !isKey(b.by.typ) {
			c.mistakeIn(d.by, 0, d.where+".by", "must lead to text or an integer, not to %s", b.by.typ.Kind)
		}
	}
	s.batch = b
}

// pathOf compiles what must be a path within an item.
func (c *compiler) pathOf(n *names, s scalar, where string, item *shape.Type) *path {
	l := c.leaf(n, s, where, item)
	if l == nil {
		return nil
	}
	if l.path == nil || !strings.HasPrefix(s.text, ".") {
		c.mistakeIn(s, 0, where, "must be a path that begins with a point, such as .sku")
		return nil
	}
	return l.path
}
