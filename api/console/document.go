package console

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is an OpenAPI document, with its paths in their order.
type document struct {
	root  map[string]any
	paths []string
}

func readDocument(text []byte) (*document, error) {
	var inOrder struct {
		Paths yaml.Node `yaml:"paths"`
	}
	d := &document{}
	if err := yaml.Unmarshal(text, &inOrder); err != nil {
		return nil, err
	}
	var root any
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	d.root, _ = plain(root).(map[string]any)
	for i := 0; i+1 < len(inOrder.Paths.Content); i += 2 {
		d.paths = append(d.paths, inOrder.Paths.Content[i].Value)
	}
	return d, nil
}

// plain is a value as JSON can have it: with texts as keys.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, value := range v {
			v[k] = plain(value)
		}
		return v
	case map[any]any:
		m := make(map[string]any, len(v))
		for k, value := range v {
			m[fmt.Sprint(k)] = plain(value)
		}
		return m
	case []any:
		for i, value := range v {
			v[i] = plain(value)
		}
	}
	return v
}

// at is the value at a place of the document, nil if there is none.
func (d *document) at(names ...string) (v any) {
	v = d.root
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// maxDepth bounds references within references.
const maxDepth = 16

// resolved is a value in which references are replaced by what they lead to.
func (d *document) resolved(v any, depth int) any {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok && strings.HasPrefix(ref, "#/") {
			if depth >= maxDepth {
				return nil
			}
			return d.resolved(d.at(strings.Split(ref[2:], "/")...), depth+1)
		}
		m := make(map[string]any, len(v))
		for name, value := range v {
			m[name] = d.resolved(value, depth+1)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, value := range v {
			list[i] = d.resolved(value, depth+1)
		}
		return list
	}
	return v
}
