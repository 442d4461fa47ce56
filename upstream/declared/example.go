package declared

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"

	"tributary/upstream/declared/jsontree"
	"tributary/upstream/declared/sample"
)

// example is an answer of an endpoint: its data over made-up answers of its sources.
// Nil means that none could be made.
func (d *Definition) example(e *Endpoint) *yaml.Node {
	x := &exampleRun{endpoint: e, values: make(values, e.roots), asked: make([]bool, len(e.parts))}
	if x.values.parameters(x.parameters()) != nil {
		return nil
	}
	for i, p := range e.parts {
		x.part(i, p)
	}
	body, _, err := render(e.data, x.values, len(e.Parameters))
	if err != nil {
		return nil
	}
	data, err := yamlJSON(body)
	if err != nil {
		return nil
	}
	return yamlMap(pair{"data", data}, pair{"meta", x.meta()})
}

// exampleRun is a request of the example.
type exampleRun struct {
	endpoint *Endpoint
	values   values
	asked    []bool // the parts that have a value, in the order of the endpoint's parts
}

// parameters are what the caller of the example gives: defaults are not given.
func (x *exampleRun) parameters() (given []json.RawMessage) {
	for _, p := range x.endpoint.Parameters {
		raw := p.Default
		if raw == nil {
			raw = sample.JSON(p.Schema, sample.Question{Seed: p.Name})
		}
		given = append(given, raw)
	}
	return given
}

// part sets the value of a part, unless what it needs is absent.
func (x *exampleRun) part(i int, p *part) {
	if p.when != nil && !x.values.isTrue(p.when) {
		return
	}
	texts, keys, ok := p.texts(x.values)
	if !ok || len(p.sources) == 0 {
		return
	}
	s := p.sources[0]
	parameters := s.arrange(texts)
	switch {
	case s.builtIn == nil && s.source.batch == nil:
		x.asked[i] = x.set(p, s.source.madeUp().answer(parameters))
	case s.builtIn == nil:
		x.asked[i] = x.setItems(p, s.source.madeUp(), parameters, keys)
	case s.builtIn.Schema != nil:
		question := sample.Question{Seed: s.name + strings.Join(texts, " "), Bound: make(map[string]string)}
		for j, name := range s.parameters() {
			question.Bound[name] = parameters[j]
		}
		x.asked[i] = x.set(p, sample.JSON(s.builtIn.Schema, question))
	}
}

// set sets the value of a part.
func (x *exampleRun) set(p *part, raw []byte) bool {
	tree, err := jsontree.Parse(raw)
	if err != nil {
		return false
	}
	x.values[p.root] = value{node: tree.Root()}
	return true
}

// setItems makes up an item for each key of a batch.
func (x *exampleRun) setItems(p *part, m madeUp, parameters, keys []string) bool {
	all := &items{byKey: make(map[string]jsontree.Node, len(keys))}
	for _, key := range keys {
		item := m.item(parameters, key)
		if item == nil {
			continue
		}
		tree, err := jsontree.Parse(item)
		if err != nil {
			return false
		}
		all.keys = append(all.keys, key)
		all.byKey[key] = tree.Root()
	}
	x.values[p.root] = value{items: all}
	return true
}

// meta says that each part with a value has just answered. A part without one is
// skipped.
func (x *exampleRun) meta() *yaml.Node {
	sources := yamlList()
	for _, listed := range x.endpoint.listed() {
		for i, p := range x.endpoint.parts {
			if p == listed {
				sources.Content = append(sources.Content, p.exampleResult(x.asked[i]))
			}
		}
	}
	return yamlMap(
		pair{"status", yamlText("complete")},
		pair{"sources", sources},
		pair{"trace_id", yamlText("c561faaa9783cb5bcdf80f6542302db3")},
	)
}

func (p *part) exampleResult(asked bool) *yaml.Node {
	n := yamlMap(pair{"name", yamlText(p.name)})
	if asked {
		n.Content = append(n.Content, yamlText("state"), yamlText("live"), yamlText("age_seconds"), yamlValue(0),
			yamlText("latency_ms"), yamlValue(40), yamlText("attempts"), yamlValue(1))
		if len(p.sources) > 1 {
			n.Content = append(n.Content, yamlText("source"), yamlText(p.sources[0].name))
		}
	} else {
		n.Content = append(n.Content, yamlText("state"), yamlText("skipped"), yamlText("latency_ms"), yamlValue(0), yamlText("attempts"), yamlValue(0))
	}
	n.Style = yaml.FlowStyle
	return n
}
