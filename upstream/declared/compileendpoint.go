package declared

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/schema"
	"tributary/upstream/declared/shape"
)

// Endpoint is a declared endpoint, ready to be connected with its upstreams.
type Endpoint struct {
	Path        string
	Summary     string
	Description string
	Scope       string // "none": it is open to all
	Cache       string // private, public or revalidate
	Stream      bool
	Deprecated  time.Time
	Sunset      time.Time
	Successor   string
	Parameters  []*Parameter // in the order of the file

	parts []*part // in an order in which each can be asked
	data  *dataNode
	roots int // values that paths begin at: the parameters, then the parts
}

// part is a part of an endpoint.
type part struct {
	name     string
	root     int
	listed   int // its place in the file, and in meta
	required bool
	sources  []partSource // more than one: the first that answers
	ask      []*ask       // in the order in which the file gives them
	when     *leaf
	after    []int // parts that it refers to, as indexes of Endpoint.parts
	typ      *shape.Type

	decl *partDecl // nil once the part is compiled
}

// partSource is one source that a part may ask, and which of the part's values each
// of its parameters takes.
type partSource struct {
	source  *source  // nil: it is built in
	builtIn *BuiltIn // nil: it is declared
	name    string
	order   []int // for each parameter of the source: the index in part.ask
	inOrder bool  // order is 0, 1, 2 and so on, and there is no other in part.ask
}

// ask is the value of one parameter of a part's source.
type ask struct {
	parameter string
	value     *leaf
	list      bool   // it holds the keys of a batch
	inPath    bool   // it must fit into a path
	from      string // the endpoint's own parameter that it is made of; empty: it needs a part
}

func (c *compiler) endpoint(d *endpointDecl) *Endpoint {
	before := len(c.mistakes)
	e := &Endpoint{
		Path: d.path, Summary: d.summary, Description: d.description, Scope: d.scope.text, Cache: d.cache, Stream: d.stream,
		Deprecated: d.deprecated, Sunset: d.sunset, Successor: d.successor.text,
	}
	inPath, n := c.path(d), newNames(nil)
	for _, p := range d.parameters {
		parameter := c.parameter(p, inPath)
		if parameter == nil {
			n.refuse(p.name)
			continue
		}
		n.roots[p.name] = root{index: e.roots, typ: parameter.Schema.Type}
		e.Parameters = append(e.Parameters, parameter)
		e.roots++
	}
	for _, name := range inPath {
		if !slices.ContainsFunc(d.parameters, func(p parameterDecl) bool { return p.name == name }) {
			c.mistakeIn(d.key, 0, d.where, "{%s} is not among the parameters: say what it may be, for example {type: string}", name)
			n.refuse(name)
		}
	}
	e.parts = c.parts(d, n, &e.roots)
	for _, p := range e.parts {
		c.question(p, n, e.Parameters)
	}
	c.order(e)
	for _, p := range e.parts {
		p.decl = nil // what the file says takes more room than what it means
	}
	if d.data != nil {
		e.data = c.data(n, d.data, nil)
	}
	if len(c.mistakes) > before {
		return nil
	}
	return e
}

// path checks the path of an endpoint and returns the names in it.
func (c *compiler) path(d *endpointDecl) (names []string) {
	if !strings.HasPrefix(d.path, "/v1/") || strings.HasSuffix(d.path, "/") {
		c.mistakeIn(d.key, 0, d.where, "a path begins with /v1/ and does not end with /")
		return nil
	}
	for segment := range strings.SplitSeq(d.path[len("/v1/"):], "/") {
		name, isName := strings.CutPrefix(segment, "{")
		name, closed := strings.CutSuffix(name, "}")
		switch {
		case isName && closed && partName.MatchString(name) && !slices.Contains(names, name):
			names = append(names, name)
		case isName && slices.Contains(names, name):
			c.mistakeIn(d.key, 0, d.where, "{%s} stands twice", name)
		case !segmentForm.MatchString(segment) || segment == "." || segment == "..":
			c.mistakeIn(d.key, 0, d.where, "a segment is {name} or has letters, digits and - _ . ~")
			return names
		}
	}
	return names
}

func (c *compiler) parameter(d parameterDecl, inPath []string) *Parameter {
	p := &Parameter{Name: d.name, InPath: slices.Contains(inPath, d.name)}
	p.Required = p.InPath
	switch {
	case !partName.MatchString(d.name):
		c.mistakeIn(d.key, 0, d.where, "a name of a parameter has letters, digits and _, and does not begin with a digit")
		return nil
	case expression.Reserved(d.name):
		c.mistakeIn(d.key, 0, d.where, "is a word of expressions and cannot name a parameter")
		return nil
	case d.schema.Kind != yaml.MappingNode:
		c.mistake(d.schema, d.where, "must be a JSON Schema, for example {type: string}")
		return nil
	}
	rest := *d.schema // without what is no keyword of a schema
	rest.Content = nil
	var given *yaml.Node
	for i := 0; i+1 < len(d.schema.Content); i += 2 {
		key, value := d.schema.Content[i], d.schema.Content[i+1]
		switch key.Value {
		case "required":
			p.Required = c.boolean(member{key, value, d.where + ".required"})
			if p.InPath && !p.Required {
				c.mistake(value, d.where+".required", "a parameter of the path is always required")
			}
			continue
		case "default":
			given = value
		}
		rest.Content = append(rest.Content, key, value)
	}
	if p.Schema, p.written = c.inline(&rest, d.where); p.Schema == nil {
		return nil
	}
	if !isParameterType(p.Schema.Type) {
		c.mistake(d.schema, d.where, "must be a string, a number, an integer, a boolean, or a list of them; say which with type")
		return nil
	}
	if p.InPath && p.Repeats() {
		c.mistake(d.schema, d.where, "a parameter of the path cannot be a list")
	}
	if p.Repeats() && !hasKey(&rest, "maxItems") {
		rest.Content = append(rest.Content, yamlText("maxItems"), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(maxValues)})
		p.Schema, p.written = c.inline(&rest, d.where)
	}
	if given != nil {
		p.Default = c.defaultOf(p, given, d.where+".default")
	}
	return p
}

// inlined is a schema that stands in the file itself.
type inlined struct {
	schema  *schema.Schema
	written *yaml.Node
}

// inline compiles a schema that stands in the file itself, once for all that are
// written with the same values.
func (c *compiler) inline(n *yaml.Node, where string) (*schema.Schema, *yaml.Node) {
	var written strings.Builder
	writeNode(&written, n)
	if known, ok := c.inlined[written.String()]; ok {
		return known.schema, known.written
	}
	compiled, wrong := c.schemas.Inline(n, c.file.Name)
	for _, w := range wrong {
		c.mistakes = append(c.mistakes, Mistake{w.File, w.Line, w.Column, where, w.What})
	}
	if compiled != nil {
		c.inlined[written.String()] = inlined{compiled, n}
	}
	return compiled, n
}

// writeNode writes what a node means, in a form that differs for different values.
func writeNode(b *strings.Builder, n *yaml.Node) {
	fmt.Fprintf(b, "%d%s%q[", n.Kind, n.Tag, n.Value)
	for _, child := range n.Content {
		writeNode(b, child)
	}
	b.WriteByte(']')
}

func (c *compiler) defaultOf(p *Parameter, n *yaml.Node, where string) json.RawMessage {
	raw, err := jsonOf(n)
	if err == nil {
		err = validateJSON(p.Schema, raw)
	}
	switch {
	case err != nil:
		c.mistake(n, where, "does not fit the parameter's own schema: %s", err)
	case p.Required:
		c.mistake(n, where, "is never used, as the parameter is required")
	}
	return raw
}

// maxValues is how many values a list takes that does not say it itself.
const maxValues = 100

func hasKey(n *yaml.Node, key string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

func isParameterType(t *shape.Type) bool {
	switch t.Kind {
	case shape.Text, shape.Integer, shape.Number, shape.Boolean:
		return true
	case shape.List:
		return t.Items != nil && t.Items.Kind != shape.List && isParameterType(t.Items)
	}
	return false
}
