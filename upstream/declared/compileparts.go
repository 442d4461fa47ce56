package declared

import (
	"maps"
	"slices"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/shape"
)

// parts finds the source of each part, so that all names have their types.
func (c *compiler) parts(d *endpointDecl, n *names, next *int) (all []*part) {
	if len(d.parts) == 0 {
		c.mistakeIn(d.key, 0, d.where, "parts is missing: what the answer is made of")
	}
	for i, pd := range d.parts {
		if what := n.refusePart(pd.name); what != "" {
			c.mistakeIn(pd.key, 0, pd.where, "%s", what)
			continue
		}
		p := &part{name: pd.name, listed: i, root: *next, required: pd.required, decl: pd}
		*next++
		c.findSources(p)
		n.roots[p.name] = root{index: p.root, typ: p.typ, batch: p.isBatch()}
		all = append(all, p)
	}
	return all
}

// refusePart says why a part cannot have a name, "" if it can.
func (n *names) refusePart(name string) (what string) {
	switch {
	case !partName.MatchString(name):
		what = "a name of a part has letters, digits and _, and does not begin with a digit"
	case expression.Reserved(name):
		what = "is a word of expressions and cannot name a part"
	case n.has(name):
		what = "a parameter has the same name"
	default:
		return ""
	}
	n.refuse(name)
	return what
}

func (p *part) isBatch() bool {
	return len(p.sources) > 0 && p.sources[0].source != nil && p.sources[0].source.batch != nil
}

// findSources finds who is asked for a part, and the type of the answer.
func (c *compiler) findSources(p *part) {
	named := p.decl.firstOf
	switch {
	case p.decl.source.text != "":
		named = []scalar{p.decl.source}
	case named == nil:
		byName := p.decl.key
		byName.text = p.name
		named = []scalar{byName}
	}
	for _, s := range named {
		ps := partSource{name: s.text, source: c.sources[s.text], builtIn: c.known.Sources[s.text]}
		switch {
		case c.refused[s.text]:
			continue // its own mistake is there already
		case ps.source == nil && ps.builtIn == nil:
			c.mistakeIn(s, 0, p.decl.where, "there is no source %s%s", s.text, didYouMean(s.text, c.sourceNames()))
			continue
		case ps.source != nil && ps.source.batch != nil && p.decl.firstOf != nil:
			c.mistakeIn(s, 0, p.decl.where+".first_of", "%s is a batch, which cannot stand in first_of", s.text)
			continue
		}
		p.sources = append(p.sources, ps)
		if p.typ == nil {
			p.typ = ps.typ()
		} else {
			p.typ = common(p.typ, ps.typ())
		}
	}
	if p.typ == nil {
		p.typ = &shape.Type{}
	}
}

func (s partSource) typ() *shape.Type {
	if s.builtIn != nil {
		return s.builtIn.Type
	}
	return s.source.typ
}

// isUnclear reports whether a mistake hides which parameter holds the keys of a batch.
func (s partSource) isUnclear() bool {
	return s.source != nil && (s.source.unknown || s.source.batch != nil && s.source.batch.over < 0)
}

func (s partSource) parameters() (names []string) {
	if s.builtIn == nil {
		return s.source.template.parameters
	}
	for _, p := range s.builtIn.Parameters {
		names = append(names, p.Name)
	}
	return names
}

func (c *compiler) sourceNames() []string {
	return slices.Sorted(maps.Keys(c.sources))
}

// common is what is known of a value that has one type or the other.
func common(a, b *shape.Type) *shape.Type {
	switch {
	case a == b:
		return a
	case a.Kind != b.Kind:
		return &shape.Type{}
	case a.Kind == shape.Object:
		both := &shape.Type{Kind: shape.Object, Fields: make(map[string]*shape.Type)}
		for name, field := range a.Fields {
			if other := b.Fields[name]; other != nil {
				both.Fields[name] = shallow(field, other)
			}
		}
		return both
	}
	return shallow(a, b)
}

// shallow is common without a look into objects, whose types may be recursive.
func shallow(a, b *shape.Type) *shape.Type {
	if a.Kind != b.Kind || a != b && (a.Kind == shape.Object || a.Kind == shape.List) {
		return &shape.Type{}
	}
	return a
}
