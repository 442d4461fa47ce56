package console

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// description is what the page needs of the API's description: the operations below /v1/
// and their paths.
type description struct {
	operations []operation
	endpoints  []endpointJSON // without their sources
}

// operation is an operation that the page can ask.
type operation struct {
	Method     string      `json:"method"`
	Path       string      `json:"path"`
	Summary    string      `json:"summary,omitempty"`
	Parameters []parameter `json:"parameters"`
	Body       *body       `json:"body,omitempty"`
}

type parameter struct {
	Name        string `json:"name"`
	In          string `json:"in"`
	Required    bool   `json:"required"`
	Description string `json:"description,omitempty"`
	Schema      any    `json:"schema,omitempty"`
	Example     any    `json:"example,omitempty"`
}

type body struct {
	Example any `json:"example,omitempty"`
}

// statusPath is about the gateway itself: no sources are asked for it.
const statusPath = "/v1/status"

// operations is GET /console/operations.
func (c *Console) operations(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, c.described().operations)
}

// described is the description of the API that is served now. It is read once for each
// loading of endpoints.
func (c *Console) described() *description {
	c.mu.Lock()
	known, loads := c.api, c.loads
	c.mu.Unlock()
	if known != nil {
		return known
	}
	made := describe(c.Document()) // without the lock, which Loaded takes
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loads == loads {
		c.api = made
	}
	return made
}

// document is an OpenAPI document, with its paths in their order.
type document struct {
	root  map[string]any
	paths []string
}

func describe(text []byte) *description {
	d := &description{operations: []operation{}}
	doc, err := readDocument(text)
	if err != nil { // cannot happen: the document is ours, and tests read it
		return d
	}
	for _, path := range doc.paths {
		if !strings.HasPrefix(path, "/v1/") {
			continue
		}
		item, _ := doc.at("paths", path).(map[string]any)
		summary := ""
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			described, ok := item[method].(map[string]any)
			if !ok {
				continue
			}
			o := doc.operation(strings.ToUpper(method), path, item, described)
			summary = cmp.Or(summary, o.Summary)
			d.operations = append(d.operations, o)
		}
		if path != statusPath {
			d.endpoints = append(d.endpoints, endpointJSON{Route: path, Summary: summary})
		}
	}
	return d
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

func (d *document) operation(method, path string, item, described map[string]any) operation {
	o := operation{Method: method, Path: path, Parameters: []parameter{}}
	o.Summary, _ = described["summary"].(string)
	for _, list := range []any{item["parameters"], described["parameters"]} {
		parameters, _ := list.([]any)
		for _, p := range parameters {
			if p, ok := d.resolved(p, 0).(map[string]any); ok {
				o.add(p)
			}
		}
	}
	if content, ok := d.resolved(described["requestBody"], 0).(map[string]any); ok {
		types, _ := content["content"].(map[string]any)
		o.Body = &body{}
		if media, ok := types["application/json"].(map[string]any); ok {
			o.Body.Example = exampleOf(media)
		}
		for _, media := range types {
			if media, ok := media.(map[string]any); ok && o.Body.Example == nil {
				o.Body.Example = exampleOf(media)
			}
		}
	}
	return o
}

// add adds a parameter, unless it is a header that the page cannot send.
func (o *operation) add(described map[string]any) {
	p := parameter{Schema: described["schema"], Example: exampleOf(described)}
	p.Name, _ = described["name"].(string)
	p.In, _ = described["in"].(string)
	p.Required, _ = described["required"].(bool)
	p.Description, _ = described["description"].(string)
	if p.In == "cookie" || p.In == "header" && !slices.Contains(passedOn, http.CanonicalHeaderKey(p.Name)) {
		return
	}
	o.Parameters = append(o.Parameters, p)
}

// exampleOf is the first example of a parameter, a body, or else of its schema.
func exampleOf(described map[string]any) any {
	if example, ok := described["example"]; ok {
		return example
	}
	switch examples := described["examples"].(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(examples)) {
			if one, ok := examples[name].(map[string]any); ok {
				return one["value"]
			}
		}
	case []any:
		if len(examples) > 0 {
			return examples[0]
		}
	}
	if schema, ok := described["schema"].(map[string]any); ok {
		return exampleOf(schema)
	}
	return nil
}
