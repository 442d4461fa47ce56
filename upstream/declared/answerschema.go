package declared

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// answer is the schema of the body: data and meta.
func (o *operation) answer() *yaml.Node {
	return yamlMap(
		pair{"type", yamlText("object")},
		pair{"description", yamlText("The body of `" + o.Path + "`. A value that is not known is left out.")},
		pair{"required", yamlWords("data", "meta")},
		pair{"properties", yamlMap(
			pair{"data", orNull(o.data)},
			pair{"meta", o.meta()},
		)},
	)
}

// orNull is the schema of data. What is no mapping is null when it is absent.
func orNull(d *dataNode) *yaml.Node {
	n := d.describe()
	if d.members != nil {
		return n
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch value := n.Content[i+1]; n.Content[i].Value {
		case "type":
			n.Content[i+1] = yamlWords(value.Value, "null")
		case "enum":
			value.Content = append(value.Content, yamlValue(nil))
		}
	}
	return n
}

// describe is a schema of what the node writes, its members in the order of the file.
func (d *dataNode) describe() *yaml.Node {
	switch {
	case d.as != nil:
		return yamlMap(pair{"type", yamlText("array")}, pair{"items", d.as.describe()})
	case d.leaf != nil:
		return yamlSchema(d.typ.Describe())
	}
	properties := yamlMap()
	for _, m := range d.members {
		properties.Content = append(properties.Content, yamlText(m.name), m.value.describe())
	}
	return yamlMap(pair{"type", yamlText("object")}, pair{"properties", properties})
}

// meta is the contract's Meta with the names of the parts.
func (o *operation) meta() *yaml.Node {
	var names []string
	for _, p := range o.listed() {
		names = append(names, p.name)
	}
	return yamlMap(
		pair{"type", yamlText("object")},
		pair{"description", yamlText("Where the answer is from.")},
		pair{"required", yamlWords("status", "sources", "trace_id")},
		pair{"properties", yamlMap(
			pair{"status", yamlRef("schemas", "Meta/properties/status")},
			pair{"sources", yamlMap(
				pair{"type", yamlText("array")},
				pair{"description", yamlText("The result of each part, in this order: " + strings.Join(names, ", ") + ".")},
				pair{"minItems", yamlValue(len(names))},
				pair{"maxItems", yamlValue(len(names))},
				pair{"items", yamlMap(pair{"allOf", yamlList(yamlRef("schemas", "SingleSource"), o.result(names))})},
			)},
			pair{"trace_id", yamlRef("schemas", "TraceId")},
		)},
	)
}

// result is the schema of the members that a part's outcome has in addition to the
// contract's SingleSource.
func (o *operation) result(names []string) *yaml.Node {
	var firstOf []string
	builtIn := false
	for _, p := range o.listed() {
		if len(p.sources) > 1 {
			firstOf = append(firstOf, p.sourceNames()...)
		}
		builtIn = builtIn || slices.ContainsFunc(p.sources, func(s partSource) bool { return s.builtIn != nil })
	}
	properties := yamlMap(pair{"name", yamlMap(pair{"type", yamlText("string")}, pair{"enum", yamlWords(names...)})})
	if firstOf != nil {
		properties.Content = append(properties.Content, yamlText("source"), yamlMap(
			pair{"type", yamlText("string")},
			pair{"description", yamlText("Which of a part's sources has answered.")},
			pair{"enum", yamlWords(distinct(firstOf)...)},
		))
	}
	if builtIn {
		properties.Content = append(properties.Content, yamlText("sources"), yamlMap(
			pair{"type", yamlText("array")},
			pair{"description", yamlText("For a part that is made of several sources: the result of each of them.")},
			pair{"minItems", yamlValue(1)},
			pair{"items", yamlRef("schemas", "SingleSource")},
		))
	}
	return yamlMap(pair{"type", yamlText("object")}, pair{"properties", properties})
}

func distinct(words []string) (once []string) {
	seen := make(map[string]bool)
	for _, word := range words {
		if !seen[word] {
			seen[word] = true
			once = append(once, word)
		}
	}
	return once
}

// describe is a parameter of OpenAPI. declared is its schema in the file.
func (p *Parameter) describe() *yaml.Node {
	in := "query"
	if p.InPath {
		in = "path"
	}
	schema, description := p.schemaOf(p.written)
	n := yamlMap(pair{"name", yamlText(p.Name)}, pair{"in", yamlText(in)})
	if description != nil {
		n.Content = append(n.Content, yamlText("description"), description)
	}
	if p.Required {
		n.Content = append(n.Content, yamlText("required"), yamlBool(true))
	}
	if p.Repeats() {
		n.Content = append(n.Content, yamlText("style"), yamlText("form"), yamlText("explode"), yamlBool(true))
	}
	n.Content = append(n.Content, yamlText("schema"), schema)
	return n
}

// schemaOf is the schema as the file has it, so that it says all, and its description,
// which is the parameter's. A schema that refers to others is described by its type.
func (p *Parameter) schemaOf(declared *yaml.Node) (schema, description *yaml.Node) {
	if refers(declared) {
		schema = yamlSchema(p.Schema.Type.Describe())
		if p.Default != nil {
			if value, err := yamlJSON(p.Default); err == nil {
				schema.Content = append(schema.Content, yamlText("default"), value)
			}
		}
		return schema, nil
	}
	schema = yamlMap()
	for i := 0; i+1 < len(declared.Content); i += 2 {
		key, value := declared.Content[i], plainCopy(declared.Content[i+1])
		switch {
		case key.Value == "description":
			description = value
		case key.Value != "required":
			schema.Content = append(schema.Content, yamlText(key.Value), value)
		}
	}
	return schema, description
}

// refers reports whether a schema has a keyword, such as $ref, that means something
// only where it stands.
func refers(n *yaml.Node) bool {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && strings.HasPrefix(child.Value, "$") || refers(child) {
			return true
		}
	}
	return false
}

// plainCopy is a value without its comments and its style.
func plainCopy(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.ScalarNode {
		if n.Tag == "!!str" {
			return yamlText(n.Value)
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: n.Tag, Value: n.Value}
	}
	c := &yaml.Node{Kind: n.Kind}
	for _, child := range n.Content {
		c.Content = append(c.Content, plainCopy(child))
	}
	return c
}
