package declared

import (
	"slices"
	"strings"
)

// order sorts the parts so that each comes after those that it refers to, and finds
// parts that wait for each other.
func (c *compiler) order(e *Endpoint) {
	o := ordering{compiler: c, refers: references(e.parts), state: make(map[*part]visitState, len(e.parts))}
	for _, p := range e.parts {
		o.visit(p, nil)
	}
	e.parts = o.sorted
}

// ordering is a depth-first search over the references of parts.
type ordering struct {
	*compiler
	refers map[*part][]*part
	state  map[*part]visitState
	sorted []*part
}

type visitState int

const (
	visiting visitState = iota + 1
	visited
)

// visit adds to sorted what p refers to, and then p. above are the names of the parts
// that led to p.
func (o *ordering) visit(p *part, above []string) {
	switch o.state[p] {
	case visiting:
		o.mistakeIn(p.decl.key, 0, p.decl.where, "waits for itself: %s", strings.Join(append(above[slices.Index(above, p.name):], p.name), " needs "))
		return
	case visited:
		return
	}
	o.state[p] = visiting
	for _, other := range o.refers[p] {
		o.visit(other, append(above[:len(above):len(above)], p.name))
	}
	o.state[p] = visited
	for _, other := range o.refers[p] {
		p.after = append(p.after, slices.Index(o.sorted, other))
	}
	o.sorted = append(o.sorted, p)
}

// references are, for each part, the parts that it refers to.
func references(parts []*part) map[*part][]*part {
	byRoot := make(map[int]*part, len(parts))
	for _, p := range parts {
		byRoot[p.root] = p
	}
	refers := make(map[*part][]*part, len(parts))
	for _, p := range parts {
		for _, l := range p.leaves() {
			for _, index := range l.roots() {
				if other := byRoot[index]; other != nil && !slices.Contains(refers[p], other) {
					refers[p] = append(refers[p], other)
				}
			}
		}
	}
	return refers
}

// leaves are the condition of a part and the values that it asks with, without those
// that have a mistake.
func (p *part) leaves() []*leaf {
	all := []*leaf{p.when}
	for _, a := range p.ask {
		all = append(all, a.value)
	}
	return slices.DeleteFunc(all, func(l *leaf) bool { return l == nil })
}
