package declared

import (
	"slices"

	"tributary/upstream/declared/shape"
)

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
