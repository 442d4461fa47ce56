package schema

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// bundle is a schema with everything that its `$ref`s lead to, as one document
// without files: each target is a unit, at #/$defs/N, and the `$ref`s are rewritten.
// So the library never opens anything, and the digest covers what counts.
type bundle struct {
	loader *Loader
	units  []unit
	index  map[*yaml.Node]int // of units
	mistakes

	names   map[string]bool // of properties
	formats map[string]bool
	graph   graph
}

type unit struct {
	file  *file
	node  *yaml.Node
	value any
}

// newBundle collects from the schema at a node. All mistakes of it are found, and
// those of what it refers to.
func newBundle(l *Loader, f *file, n *yaml.Node) *bundle {
	b := &bundle{loader: l, index: map[*yaml.Node]int{}, names: map[string]bool{}, formats: map[string]bool{}, graph: graph{}}
	b.unit(f, n)
	for i := 0; i < len(b.units); i++ { // units are appended while they are converted
		u := b.units[i]
		b.units[i].value = b.schema(u.file, u.node)
	}
	return b
}

// unit is the number of the unit at a node.
func (b *bundle) unit(f *file, n *yaml.Node) int {
	i, ok := b.index[n]
	if !ok {
		i = len(b.units)
		b.index[n] = i
		b.units = append(b.units, unit{file: f, node: n})
	}
	return i
}

// document is the bundle as JSON has it.
func (b *bundle) document() map[string]any {
	defs := make(map[string]any, len(b.units))
	for i, u := range b.units {
		defs[strconv.Itoa(i)] = u.value
	}
	return map[string]any{"$defs": defs}
}

// schema converts one schema, and checks what the library would not.
func (b *bundle) schema(f *file, n *yaml.Node) any {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" {
		return b.value(f, n)
	}
	if n.Kind != yaml.MappingNode {
		b.at(f, n, "is not a schema: a mapping is wanted, or true or false")
		return true
	}
	b.graph[n] = &vertex{file: f, node: n}
	out := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		b.keyword(f, n, n.Content[i], n.Content[i+1], out)
	}
	if example, ok := out["example"]; ok { // OpenAPI's, for the one list that the library keeps
		delete(out, "example")
		examples, _ := out["examples"].([]any)
		out["examples"] = append([]any{example}, examples...)
	}
	return out
}

func (b *bundle) keyword(f *file, in, key, value *yaml.Node, out map[string]any) {
	name := key.Value
	form, known := keywords[name]
	switch {
	case strings.HasPrefix(name, "x-"):
		return
	case !known:
		b.at(f, key, "%s", unknownKeyword(name))
		return
	}
	switch form {
	case plain:
		out[name] = b.value(f, value)
		b.plain(f, name, value)
	case one:
		out[name] = b.schema(f, value)
		if name != "propertyNames" { // names are texts, and have no members
			b.graph.edge(in, key, value, name, name)
		}
	case several:
		out[name] = b.several(f, in, key, value)
	case named:
		out[name] = b.named(f, in, key, value)
	case reference:
		out[name] = b.reference(f, in, key, value)
	case ignored:
		if name == "$schema" && !knownDialect(value.Value) {
			b.at(f, value, "`$schema` is %s: only JSON Schema 2020-12 is read", quoted(value.Value))
		}
		if name == "$id" && value != nil && in != f.root {
			b.at(f, key, "`$id` is not supported within a file: a `$ref` names its target by a pointer (`#/$defs/NAME`)")
		}
	}
}

func (b *bundle) several(f *file, in, key, value *yaml.Node) any {
	if value.Kind != yaml.SequenceNode || len(value.Content) == 0 {
		b.at(f, value, "%s: a list of schemas is wanted", quoted(key.Value))
		return []any{true}
	}
	l := make([]any, 0, len(value.Content))
	for _, c := range value.Content {
		l = append(l, b.schema(f, c))
		b.graph.edge(in, key, c, key.Value, key.Value)
	}
	return l
}

func (b *bundle) named(f *file, in, key, value *yaml.Node) any {
	if value.Kind != yaml.MappingNode {
		b.at(f, value, "%s: a mapping of schemas is wanted", quoted(key.Value))
		return map[string]any{}
	}
	m := make(map[string]any, len(value.Content)/2)
	for i := 0; i+1 < len(value.Content); i += 2 {
		name, c := value.Content[i], value.Content[i+1]
		m[name.Value] = b.schema(f, c)
		b.graph.edge(in, key, c, key.Value, key.Value+"/"+name.Value)
		switch key.Value {
		case "properties":
			b.names[name.Value] = true
		case "patternProperties":
			b.pattern(f, name, "a key of `patternProperties`")
		}
	}
	return m
}

// reference follows a `$ref`, and gives it as the bundle has it.
func (b *bundle) reference(f *file, in, key, value *yaml.Node) any {
	if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str" {
		b.at(f, value, "`$ref`: text is wanted")
		return "#"
	}
	target, node, problem := b.loader.resolve(f, value.Value)
	switch {
	case problem != "":
		b.at(f, value, "`$ref`: %s", problem)
		return "#"
	case target.root == nil:
		for _, m := range target.list {
			b.add(m)
		}
		return "#"
	}
	b.graph.edge(in, key, node, "$ref", "$ref")
	return "#/$defs/" + strconv.Itoa(b.unit(target, node))
}

// plain checks the keywords whose mistakes the library would not name well.
func (b *bundle) plain(f *file, name string, value *yaml.Node) {
	switch name {
	case "pattern":
		b.pattern(f, value, "`pattern`")
	case "format":
		b.formats[value.Value] = true
	case "required":
		for _, c := range value.Content {
			b.names[c.Value] = true
		}
	case "type":
		for _, c := range append(slices.Clone(value.Content), value) {
			if c.Kind == yaml.ScalarNode {
				if _, ok := typeNames[c.Value]; !ok {
					b.at(f, c, "there is no type %s%s", quoted(c.Value), didYouMean(c.Value, maps.Keys(typeNames)))
				}
			}
		}
	}
}

// pattern checks that a regular expression is one of RE2, which has no lookahead.
func (b *bundle) pattern(f *file, n *yaml.Node, what string) {
	if n.Kind != yaml.ScalarNode {
		return
	}
	if _, err := regexp.Compile(n.Value); err != nil {
		b.at(f, n, "%s is not a regular expression of RE2: %s", what, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
}

// unknownFormats are formats that are not checked, in order.
func (b *bundle) unknownFormats() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(b.formats)), func(name string) bool { return asserted[name] })
}
