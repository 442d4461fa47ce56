package schema

import (
	"cmp"
	"slices"
)

// ordered are the vertices in the order of their places.
func (g graph) ordered() []*vertex {
	vs := make([]*vertex, 0, len(g))
	for _, v := range g {
		vs = append(vs, v)
	}
	slices.SortFunc(vs, func(a, b *vertex) int {
		return cmp.Or(cmp.Compare(a.file.name, b.file.name), cmp.Compare(a.node.Line, b.node.Line), cmp.Compare(a.node.Column, b.node.Column))
	})
	return vs
}

// circles numbers the strongly connected components of the graph (Tarjan's
// algorithm), over the edges that count. A vertex on no circle has number 0.
func (g graph) circles(counts func(edge) bool) {
	t := tarjan{graph: g, counts: counts}
	for _, v := range g {
		v.number, v.low, v.open, v.circle = 0, 0, false, 0
	}
	for _, v := range g.ordered() {
		if v.number == 0 {
			t.visit(v)
		}
	}
}

type tarjan struct {
	graph   graph
	counts  func(edge) bool
	next    int
	stack   []*vertex
	circles int
}

func (t *tarjan) visit(v *vertex) {
	t.next++
	v.number, v.low, v.open = t.next, t.next, true
	t.stack = append(t.stack, v)
	toItself := false
	for _, e := range v.edges {
		to := t.graph[e.to]
		if to == nil || !t.counts(e) {
			continue
		}
		toItself = toItself || to == v
		if to.number == 0 {
			t.visit(to)
			v.low = min(v.low, to.low)
		} else if to.open {
			v.low = min(v.low, to.number)
		}
	}
	if v.low == v.number {
		t.close(v, toItself)
	}
}

// close takes the component that began with v from the stack.
func (t *tarjan) close(v *vertex, toItself bool) {
	from := slices.Index(t.stack, v)
	component := t.stack[from:]
	t.stack = t.stack[:from]
	circle := 0
	if len(component) > 1 || toItself {
		t.circles++
		circle = t.circles
	}
	for _, c := range component {
		c.open, c.circle = false, circle
	}
}
