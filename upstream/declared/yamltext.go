package declared

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// pair is a member of a mapping that is written as YAML.
type pair struct {
	key   string
	value *yaml.Node
}

func yamlMap(pairs ...pair) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, p := range pairs {
		n.Content = append(n.Content, yamlText(p.key), p.value)
	}
	return n
}

func yamlList(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Content: items}
}

// yamlWords is a short list of texts, in one line.
func yamlWords(words ...string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, word := range words {
		n.Content = append(n.Content, yamlText(word))
	}
	return n
}

// boolOfYAML11 are the words that are booleans for readers of YAML 1.1.
var boolOfYAML11 = regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$`)

// yamlText is a text; the encoder quotes it where it would be read as something else.
func yamlText(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if boolOfYAML11.MatchString(text) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func yamlBool(b bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(b)}
}

// yamlRef refers to a component of the contract: ("headers", "ETag").
func yamlRef(section, name string) *yaml.Node {
	n := yamlMap(pair{"$ref", yamlText("#/components/" + section + "/" + name)})
	n.Style = yaml.FlowStyle
	return n
}

// yamlJSON is a JSON value with its members in their order. Numbers keep their digits.
func yamlJSON(raw []byte) (*yaml.Node, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	return yamlToken(decoder)
}

func yamlToken(decoder *json.Decoder) (*yaml.Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if v == '{' {
			n.Kind = yaml.MappingNode
		}
		for decoder.More() { // of a mapping, keys and values in turn
			child, err := yamlToken(decoder)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		_, err := decoder.Token()
		return n, err
	case json.Number:
		tag := "!!int"
		if strings.ContainsAny(v.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: v.String()}, nil
	case bool:
		return yamlBool(v), nil
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	}
	return yamlText(token.(string)), nil
}

// keywordOrder is the order in which a schema's first keywords are written.
var keywordOrder = []string{"type", "format", "description", "enum", "items", "properties", "additionalProperties"}

// yamlSchema is a JSON Schema, as shape.Type.Describe makes it, in a steady order.
func yamlSchema(described map[string]any) *yaml.Node {
	n := yamlMap()
	for _, key := range keywordOrder {
		value, ok := described[key]
		if !ok {
			continue
		}
		var node *yaml.Node
		switch v := value.(type) {
		case map[string]any:
			node = yamlSchema(v)
			if key == "properties" {
				node = yamlProperties(v)
			}
		default:
			node = yamlValue(v)
		}
		n.Content = append(n.Content, yamlText(key), node)
	}
	if len(n.Content) == 0 {
		n.Style = yaml.FlowStyle
	}
	return n
}

func yamlProperties(properties map[string]any) *yaml.Node {
	n := yamlMap()
	var names []string
	for name := range properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		schema, _ := properties[name].(map[string]any)
		n.Content = append(n.Content, yamlText(name), yamlSchema(schema))
	}
	return n
}

// yamlValue is any value that has a JSON form.
func yamlValue(v any) *yaml.Node {
	raw, err := json.Marshal(v)
	if err != nil {
		return yamlMap()
	}
	n, err := yamlJSON(raw)
	if err != nil {
		return yamlMap()
	}
	return n
}

// writeYAML writes the members of a mapping, each line after an indentation, with an
// empty line before each member if spaced. Each member has an encoder of its own: one
// encoder keeps all that it has written, and takes twice as long for 1,000 paths.
func writeYAML(b *bytes.Buffer, n *yaml.Node, indentation int, spaced bool) error {
	prefix := strings.Repeat(" ", indentation)
	var plain bytes.Buffer
	for i := 0; i+1 < len(n.Content); i += 2 {
		plain.Reset()
		encoder := yaml.NewEncoder(&plain)
		encoder.SetIndent(2)
		if err := encoder.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: n.Content[i : i+2]}); err != nil {
			return err
		}
		if spaced {
			b.WriteByte('\n')
		}
		for line := range bytes.Lines(plain.Bytes()) {
			if line[0] != '\n' {
				b.WriteString(prefix)
			}
			b.Write(line)
		}
	}
	return nil
}
