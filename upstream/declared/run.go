package declared

import (
	"context"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// run is one request to an endpoint while its parts are asked.
type run struct {
	table  *Table
	query  *Query
	values values
	parts  []running // in an order in which each can be asked
}

// running is a part of a run. It is an aggregate.Part.
type running struct {
	run         *run
	part        *part
	asked       asked          // nil: nothing is asked
	single      singleQuestion // the room of asked, if it is one
	has         bool           // it has a value
	switchedOff bool
}

// newRun returns a run of which nothing is asked yet. The error is a *ParameterError
// for a value of the caller that cannot be asked for.
func (t *Table) newRun(e *Endpoint, q *Query) (*run, error) {
	r := &run{table: t, query: q, values: make(values, e.roots), parts: make([]running, len(e.parts))}
	if err := r.values.parameters(q.Parameters); err != nil {
		return nil, err
	}
	for i, p := range e.parts {
		if err := p.checkParameters(r.values); err != nil {
			return nil, err
		}
		r.parts[i].run, r.parts[i].part = r, p
	}
	return r, nil
}

// gather asks for all parts. Each is asked as soon as what it refers to is there.
func (r *run) gather(ctx context.Context) {
	nodes := make([]aggregate.Node, len(r.parts))
	for i := range r.parts {
		p := &r.parts[i]
		nodes[i] = aggregate.Node{Part: p, After: p.part.after, Required: p.part.required}
	}
	aggregate.Graph(ctx, r.table.connections.Patience, nodes...)
}

// Now implements aggregate.Part. What the part refers to is there.
func (p *running) Now(ctx context.Context, now time.Time) (done, held bool) {
	if !p.prepare() {
		return true, false
	}
	if done, held = p.asked.Now(ctx, now); done {
		p.publish()
	}
	return done, held
}

// Ask implements aggregate.Part.
func (p *running) Ask(ctx context.Context) {
	p.asked.Ask(ctx)
	p.publish()
}

// Useful implements aggregate.Part.
func (p *running) Useful() bool { return p.has }

// publish gives the part's value to the parts that refer to it, and to the data.
func (p *running) publish() {
	if p.has = p.asked.Useful(); p.has {
		p.run.values[p.part.root] = p.asked.value()
		return
	}
	if b, ok := p.asked.(*builtInQuestion); ok {
		p.switchedOff = b.isSwitchedOff()
	}
}

// prepare makes the part's question. ok is false if there is none: something that it
// refers to is absent, its condition does not hold, or its upstream is disabled.
func (p *running) prepare() (ok bool) {
	if p.part.when != nil && !p.run.values.isTrue(p.part.when) {
		return false
	}
	texts, keys, ok := p.part.texts(p.run.values)
	if !ok {
		return false
	}
	p.asked, p.switchedOff = p.question(texts, keys)
	return p.asked != nil
}

// question is the question of a part to its source, or to several of them in turn.
func (p *running) question(texts, keys []string) (_ asked, switchedOff bool) {
	t, q := p.run.table, p.run.query
	if sources := p.part.sources; len(sources) == 1 {
		one, ok := t.ask(&p.single, &sources[0], texts, keys, q)
		if !ok {
			return nil, true
		}
		return one, false
	}
	var all []alternative
	for i := range p.part.sources {
		s := &p.part.sources[i]
		if one, ok := t.ask(new(singleQuestion), s, texts, keys, q); ok {
			all = append(all, alternative{asked: one, name: s.name, caller: s.asCaller()})
		}
	}
	if len(all) == 0 {
		return nil, true
	}
	return &firstOf{all: all, patience: t.connections.Patience}, false
}

// outcome is what became of the part.
func (p *running) outcome() aggregate.Outcome {
	o := aggregate.Outcome{Provenance: upstream.Provenance{State: upstream.Skipped}}
	if p.asked != nil {
		o = p.asked.outcome()
	}
	if o.Name != p.part.name {
		o.Origin, o.Name = o.Name, p.part.name
	}
	return o
}
