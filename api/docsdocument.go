package api

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// readable is the contract as /docs shows it, made when it is first asked for.
type readable struct {
	mu      sync.Mutex
	of, doc []byte
}

// forReading is the contract as it is now, arranged for reading. If that is not possible
// the page shows the contract itself.
func (s *server) forReading() ([]byte, error) {
	contract := s.contract()
	s.readable.mu.Lock()
	defer s.readable.mu.Unlock()
	if bytes.Equal(s.readable.of, contract) {
		return s.readable.doc, nil
	}
	doc, err := forReading(contract)
	if err != nil {
		s.log.Error("the contract could not be arranged for /docs", slog.Any("error", err))
		doc = contract
	}
	s.readable.of, s.readable.doc = contract, doc
	return doc, nil
}

// headersEverywhere are the components of parameters that nearly every operation has.
// The page describes them once, because they would fill most of each operation.
var headersEverywhere = []string{"IfNoneMatch", "RequestCacheControl", "RequestId", "TraceParent"}

// forReading is the description of the API as /docs shows it: a short introduction with
// all operations, the rules in a part of their own, the headers of every operation once,
// and an example filled in, so that the first request of a reader is a valid one.
func forReading(contract []byte) ([]byte, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(contract, &file); err != nil {
		return nil, err
	}
	if len(file.Content) == 0 {
		return nil, errors.New("the contract is empty")
	}
	root := file.Content[0]
	parameters := at(root, "components", "parameters")
	introduction := at(root, "info", "description")
	first, rules, _ := strings.Cut(introduction.Value, "\n\n")
	introduction.SetString(first + "\n\n" + operationLinks(root))
	addRules(root, rules+"\n\n"+describeHeaders(parameters))
	foldHeaders(root)
	for i := 1; i < len(parameters.Content); i += 2 { // patterns are in the descriptions, in words
		without(at(parameters.Content[i], "schema"), "pattern")
	}
	fillIn(at(parameters, "City"))
	operationsOf(root, func(_, _ string, operation *yaml.Node) {
		for _, p := range at(operation, "parameters").Content {
			without(at(p, "schema"), "pattern")
			giveExample(p)
		}
	})

	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(1)
	err := e.Encode(&file)
	return b.Bytes(), err
}

// at is the node below n, an empty mapping that belongs to no document if there is none.
func at(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		i := slices.IndexFunc(n.Content, func(c *yaml.Node) bool { return c.Value == key })
		if n.Kind != yaml.MappingNode || i < 0 || i%2 != 0 {
			return &yaml.Node{Kind: yaml.MappingNode}
		}
		n = n.Content[i+1]
	}
	return n
}

func without(n *yaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

// operationsOf calls each for every operation, in the order of the document.
func operationsOf(root *yaml.Node, each func(path, method string, operation *yaml.Node)) {
	paths := at(root, "paths").Content
	for i := 0; i+1 < len(paths); i += 2 {
		item := paths[i+1].Content
		for j := 0; j+1 < len(item); j += 2 {
			if at(item[j+1], "responses").Content != nil {
				each(paths[i].Value, item[j].Value, item[j+1])
			}
		}
	}
}

// operationLinks lists the operations by tag, a line each, with links to their places
// on the page. Those that serve this documentation are left out.
func operationLinks(root *yaml.Node) string {
	var tags []string
	links := make(map[string][]string)
	operationsOf(root, func(path, method string, operation *yaml.Node) {
		names := at(operation, "tags").Content
		if len(names) == 0 || names[0].Value == "documentation" {
			return
		}
		tag, method := names[0].Value, strings.ToUpper(method)
		if links[tag] == nil {
			tags = append(tags, tag)
		}
		place := "#tag/" + strings.ReplaceAll(tag, " ", "-") + "/" + method + path
		links[tag] = append(links[tag], fmt.Sprintf("[`%s %s`](%s)", method, path, place))
	})
	var b strings.Builder
	for _, tag := range tags {
		fmt.Fprintf(&b, "- **%s**: %s\n", tag, strings.Join(links[tag], " · "))
	}
	return b.String()
}

// describeHeaders describes the headers that every operation may be sent.
func describeHeaders(parameters *yaml.Node) string {
	b := strings.Builder{}
	b.WriteString("## Headers of requests\n\nEvery operation takes these, where they make sense:\n")
	for _, name := range headersEverywhere {
		p := at(parameters, name)
		text := strings.ReplaceAll(strings.TrimSpace(at(p, "description").Value), "\n", "\n  ")
		fmt.Fprintf(&b, "\n- **`%s`**: %s\n", at(p, "name").Value, text)
	}
	return b.String()
}

// addRules puts the rules into a tag of their own, after those with operations.
func addRules(root *yaml.Node, rules string) {
	const name = "rules"
	tag := &yaml.Node{Kind: yaml.MappingNode}
	for _, text := range []string{"name", name, "description", rules} {
		n := &yaml.Node{}
		n.SetString(text)
		tag.Content = append(tag.Content, n)
	}
	tags := at(root, "tags")
	tags.Content = append(tags.Content, tag)
}

// foldHeaders removes the headers that addRules has described.
func foldHeaders(root *yaml.Node) {
	operationsOf(root, func(_, _ string, operation *yaml.Node) {
		parameters := at(operation, "parameters")
		parameters.Content = slices.DeleteFunc(parameters.Content, func(p *yaml.Node) bool {
			name, ok := strings.CutPrefix(at(p, "$ref").Value, "#/components/parameters/")
			return ok && slices.Contains(headersEverywhere, name)
		})
	})
}

// giveExample gives a required parameter a value to send, unless it has one. Declared
// endpoints have such parameters.
func giveExample(parameter *yaml.Node) {
	if at(parameter, "required").Value != "true" || at(parameter, "in").Value == "header" {
		return
	}
	for _, has := range []*yaml.Node{at(parameter, "example"), at(parameter, "examples"), at(parameter, "schema", "default"), at(parameter, "schema", "enum"), at(parameter, "schema", "examples")} {
		if has.Value != "" || len(has.Content) > 0 {
			return
		}
	}
	key, value := &yaml.Node{}, &yaml.Node{}
	key.SetString("example")
	value.SetString("1")
	if kind := at(parameter, "schema", "type").Value; kind == "integer" || kind == "number" {
		value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: "1"}
	}
	parameter.Content = append(parameter.Content, key, value)
}

// fillIn marks the first example of a parameter as one to send: Scalar leaves out what
// is not required.
func fillIn(parameter *yaml.Node) {
	examples := at(parameter, "examples").Content
	if len(examples) < 2 {
		return
	}
	key, value := &yaml.Node{}, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "false"}
	key.SetString("x-disabled")
	examples[1].Content = append(examples[1].Content, key, value)
}
