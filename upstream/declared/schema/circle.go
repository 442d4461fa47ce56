package schema

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// graph has an edge from each schema to those that it applies: to the value itself
// (`allOf`, `$ref` …), or to its members and items. Circles need a `$ref`.
type graph map[*yaml.Node]*vertex

type vertex struct {
	file  *file
	node  *yaml.Node
	edges []edge

	// Of the search for circles.
	number, low int
	open        bool
	circle      int // vertices of one circle have the same number, 0: none
}

type edge struct {
	key     *yaml.Node // the keyword's
	to      *yaml.Node
	keyword string
	applies string // keyword and name, of members and items
}

func (g graph) edge(from, key, to *yaml.Node, keyword, applies string) {
	v := g[from]
	v.edges = append(v.edges, edge{key: key, to: to, keyword: keyword, applies: applies})
}

// inPlace reports whether the edge applies a schema to the value itself.
func (e edge) inPlace() bool {
	switch e.keyword {
	case "$ref", "allOf", "oneOf", "anyOf", "not", "if", "then", "else", "dependentSchemas":
		return true
	}
	return false
}

// check finds the circles that cannot be checked, or only at a cost that grows
// exponentially with the depth of a value. The library cannot be interrupted, so an
// upstream could keep the processor busy with an answer of 100 bytes.
func (g graph) check(ms *mistakes) {
	g.circles(edge.inPlace)
	for _, v := range g.ordered() {
		for _, e := range v.edges {
			if e.keyword == "$ref" && g.within(v, e) && e.inPlace() {
				ms.at(v.file, e.key, "`$ref` leads back to itself, and to no rule")
			}
		}
	}
	if len(ms.list) > 0 {
		return
	}
	g.circles(func(edge) bool { return true })
	for _, v := range g.ordered() {
		if v.circle != 0 && !g.choices(ms, v) && g.repeated(v) {
			ms.at(v.file, v.node, "this schema contains itself in a way that checks a value several times at each level: the time would grow exponentially with its depth")
		}
	}
}

// within reports whether an edge stays in its circle.
func (g graph) within(v *vertex, e edge) bool {
	to := g[e.to]
	return to != nil && v.circle != 0 && to.circle == v.circle
}

// choices reports a circle through `oneOf` or `anyOf`. One schema or null is no
// choice: of such a list one branch alone goes on.
func (g graph) choices(ms *mistakes, v *vertex) (found bool) {
	for _, e := range v.edges {
		if (e.keyword == "oneOf" || e.keyword == "anyOf") && g.within(v, e) && !g.orNull(v, e) {
			ms.at(v.file, e.key, "%s contains itself through a `$ref`: the time to check a value would grow exponentially with its depth", quoted(e.keyword))
			found = true
		}
	}
	return found
}

// orNull reports whether all other branches beside e allow null only.
func (g graph) orNull(v *vertex, e edge) bool {
	for _, other := range v.edges {
		if other.key == e.key && other.to != e.to {
			if t := member(other.to, "type"); t == nil || t.Value != "null" {
				return false
			}
		}
	}
	return true
}

// repeated reports whether the circle applies two schemas to one member or item of
// a value of v.
func (g graph) repeated(v *vertex) bool {
	var found []applied
	seen := map[*vertex]bool{}
	twice := false
	var collect func(v *vertex)
	collect = func(v *vertex) {
		if twice = twice || seen[v]; twice {
			return
		}
		seen[v] = true
		for _, e := range v.edges {
			switch {
			case !g.within(v, e):
			case e.inPlace():
				collect(g[e.to])
			default:
				found = append(found, applied{v, e})
			}
		}
	}
	collect(v)
	if twice {
		return true
	}
	for i, a := range found {
		if slices.ContainsFunc(found[:i], func(b applied) bool { return a.meets(b) }) {
			return true
		}
	}
	return false
}

// applied is a schema for members or items.
type applied struct {
	by *vertex
	e  edge
}

// meets reports whether two schemas can be for the same member or item.
func (a applied) meets(b applied) bool {
	list := func(k string) bool { return strings.HasSuffix(k, "tems") || k == "contains" }
	if list(a.e.keyword) != list(b.e.keyword) {
		return false
	}
	if a.e.keyword == "properties" && b.e.keyword == "properties" {
		return a.e.applies == b.e.applies
	}
	if a.by != b.by {
		return true
	}
	rest := func(k string) bool { // for what the others of the same schema leave over
		return k == "additionalProperties" || k == "items" || k == "prefixItems" || strings.HasPrefix(k, "unevaluated")
	}
	return !rest(a.e.keyword) && !rest(b.e.keyword) || a.e.keyword == "contains" || b.e.keyword == "contains"
}
