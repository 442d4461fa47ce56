package declared

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/schema"
	"tributary/upstream/declared/shape"
)

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
