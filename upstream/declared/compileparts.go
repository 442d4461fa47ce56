package declared

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/shape"
)

// segmentForm is a literal segment of an endpoint's path: unreserved characters
// (RFC 3986 §2.3).
var segmentForm = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

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

// question compiles what a part asks.
func (c *compiler) question(p *part, n *names, parameters []*Parameter) {
	if p.decl.when.text != "" {
		where := p.decl.where + ".when"
		p.when = c.leaf(n, p.decl.when, where, nil)
		if p.when != nil && p.when.typ.Kind != shape.Boolean && p.when.typ.Kind != shape.Any {
			c.mistakeIn(p.decl.when, 0, where, "must be true or false, not %s", p.when.typ.Kind)
		}
	}
	given := make(map[string]int)
	for _, a := range p.decl.ask {
		given[a.parameter.text] = len(p.ask)
		value := &ask{parameter: a.parameter.text, value: c.leaf(n, a.value, a.where, nil)}
		if value.value != nil {
			value.from = madeOf(value.value, parameters)
		}
		p.ask = append(p.ask, value)
	}
	for i := range p.sources {
		c.match(p, &p.sources[i], given)
	}
	for i, a := range p.decl.ask {
		c.askType(p, p.ask[i], a)
	}
}

// match finds the value of each parameter of a source.
func (c *compiler) match(p *part, s *partSource, given map[string]int) {
	if s.source != nil && s.source.unknown {
		return
	}
	wanted := s.parameters()
	for i, name := range wanted {
		at, ok := given[name]
		if !ok {
			c.mistakeIn(p.decl.key, 0, p.decl.where, "ask does not give %s, which %s needs", name, s.name)
			continue
		}
		s.order = append(s.order, at)
		a := p.ask[at]
		if s.source == nil {
			continue
		}
		a.inPath = a.inPath || s.source.template.inPath(i)
		a.list = s.source.batch != nil && s.source.batch.over == i
	}
	s.inOrder = len(s.order) == len(p.ask) && slices.IsSorted(s.order)
	for _, a := range p.decl.ask {
		if !slices.Contains(wanted, a.parameter.text) {
			c.mistakeIn(a.parameter, 0, a.where, "%s has no parameter %s%s", s.name, a.parameter.text, didYouMean(a.parameter.text, wanted))
		}
	}
}

// askType checks that a value can be sent, and tells its sources its type.
func (c *compiler) askType(p *part, a *ask, d askDecl) {
	if a.value == nil {
		return
	}
	t := a.value.typ
	if t.Kind == shape.List && slices.ContainsFunc(p.sources, partSource.isUnclear) {
		return
	}
	if a.list && t.Kind == shape.List {
		if t = t.Items; t == nil {
			t = &shape.Type{}
		}
	}
	if t.Kind == shape.Object || t.Kind == shape.List {
		c.mistakeIn(d.value, 0, d.where, "%s cannot be sent as a parameter", t.Kind)
		return
	}
	for _, s := range p.sources {
		i := slices.Index(s.parameters(), a.parameter)
		switch {
		case i < 0:
		case s.source != nil:
			s.source.asked(i, t)
		case !fits(t.Kind, s.builtIn.Parameters[i].Kind):
			c.mistakeIn(d.value, 0, d.where, "must be %s, not %s", s.builtIn.Parameters[i].Kind, t.Kind)
		}
	}
}

// fits reports whether a value of one kind can be a parameter of another. Text that
// holds a number is read when it is there.
func fits(given, wanted shape.Kind) bool {
	return given == wanted || given == shape.Any || wanted == shape.Text || given == shape.Text ||
		given == shape.Integer && wanted == shape.Number
}

// order puts the parts into an order in which each comes after those that it refers
// to, and finds parts that wait for each other.
func (c *compiler) order(e *Endpoint) {
	byRoot := make(map[int]*part, len(e.parts))
	for _, p := range e.parts {
		byRoot[p.root] = p
	}
	refers := make(map[*part][]*part, len(e.parts))
	for _, p := range e.parts {
		add := func(l *leaf) {
			if l == nil {
				return
			}
			for _, index := range l.roots() {
				if other := byRoot[index]; other != nil && !slices.Contains(refers[p], other) {
					refers[p] = append(refers[p], other)
				}
			}
		}
		add(p.when)
		for _, a := range p.ask {
			add(a.value)
		}
	}
	var sorted []*part
	state := make(map[*part]int, len(e.parts)) // 1: being visited, 2: done
	var visit func(p *part, above []string)
	visit = func(p *part, above []string) {
		switch state[p] {
		case 1:
			c.mistakeIn(p.decl.key, 0, p.decl.where, "waits for itself: %s", strings.Join(append(above[slices.Index(above, p.name):], p.name), " needs "))
			return
		case 2:
			return
		}
		state[p] = 1
		for _, other := range refers[p] {
			visit(other, append(above[:len(above):len(above)], p.name))
		}
		state[p] = 2
		for _, other := range refers[p] {
			p.after = append(p.after, slices.Index(sorted, other))
		}
		sorted = append(sorted, p)
	}
	for _, p := range e.parts {
		visit(p, nil)
	}
	e.parts = sorted
}

// madeOf is the parameter of the endpoint that a value is made of, "" if anything else
// goes into it.
func madeOf(l *leaf, parameters []*Parameter) string {
	found := ""
	for _, index := range l.roots() {
		if index >= len(parameters) || found != "" && found != parameters[index].Name {
			return ""
		}
		found = parameters[index].Name
	}
	return found
}
