package declared

import "go.yaml.in/yaml/v3"

// dataDecl is what an answer holds at one place: a leaf, a mapping, or a list made
// from another list.
type dataDecl struct {
	where   string
	leaf    scalar
	members []dataMember // of a mapping
	each    scalar       // the list
	as      *dataDecl    // of each item; nil: it is no list
}

type dataMember struct {
	key   string
	value *dataDecl
}

// isMapping reports whether it is neither a leaf nor a list.
func (d *dataDecl) isMapping() bool { return d.leaf.text == "" && d.as == nil }

// maxDataDepth is how deep data may be nested.
const maxDataDepth = 32

func (r *reader) data(n *yaml.Node, where string) *dataDecl { return r.dataAt(n, where, 0) }

// dataAt returns nil where nothing usable stands.
func (r *reader) dataAt(n *yaml.Node, where string, depth int) *dataDecl {
	d := &dataDecl{where: where}
	switch {
	case depth > maxDataDepth:
		r.mistake(n, where, "is nested more than %d deep", maxDataDepth)
		return nil
	case n.Kind == yaml.SequenceNode:
		r.mistake(n, where, "must be a path, an expression or a mapping; a list is made with each and as, and a value with [ must be in quotes")
		return nil
	case n.Kind != yaml.MappingNode:
		s, ok := r.scalar(n, where)
		if !ok {
			return nil
		}
		d.leaf = s
		return d
	case isEach(n):
		return r.each(n, d, depth)
	}
	for m := range r.mapping(n, where) {
		if value := r.dataAt(m.value, m.where, depth+1); value != nil {
			d.members = append(d.members, dataMember{m.name(), value})
		}
	}
	if len(n.Content) == 0 {
		r.mistake(n, where, "the mapping is empty")
	}
	return d
}

// isEach reports whether a mapping makes a list.
func isEach(n *yaml.Node) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "each" {
			return true
		}
	}
	return false
}

func (r *reader) each(n *yaml.Node, d *dataDecl, depth int) *dataDecl {
	for m := range r.fields(n, d.where, "each", "as") {
		if m.name() == "as" {
			d.as = r.dataAt(m.value, m.where, depth+1)
			continue
		}
		d.each, _ = r.scalar(m.value, m.where)
	}
	r.requireKey(member{n, n, d.where}, "as", "what each item becomes")
	if d.each.text == "" || d.as == nil {
		return nil
	}
	return d
}
