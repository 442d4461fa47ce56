package schema

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDepth is how deep mappings and lists of a file may be nested.
const maxDepth = 200

// yaml12 is a %YAML 1.2 directive before a file's first document.
var yaml12 = regexp.MustCompile(`\A(?:\x{FEFF})?(?:[ \t]*(?:#[^\n]*)?\r?\n)*%YAML[ \t]+1\.2(?:[ \t\r]|\n)`)

// NewDecoder returns a decoder of YAML that takes a %YAML 1.2 directive too. The library
// can read all that we use of YAML 1.2, but refuses the directive. It gets one of 1.1, which
// is as long, so lines and columns do not change.
func NewDecoder(content []byte) *yaml.Decoder {
	if end := len(yaml12.Find(content)); end > 0 {
		content = bytes.Clone(content)
		content[end-2] = '1' // the last digit of 1.2
	}
	return yaml.NewDecoder(bytes.NewReader(content))
}

// parseYAML reads a file of one YAML document; nil if that has mistakes.
func (f *file) parseYAML(raw []byte) *yaml.Node {
	dec := NewDecoder(raw)
	var doc, next yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		f.add(Mistake{File: f.name, What: "is empty"})
		return nil
	case err != nil:
		f.add(f.yamlMistake(err))
		return nil
	}
	switch err := dec.Decode(&next); {
	case err == nil:
		f.at(f, &next, "a second document begins here: only one is read")
		return nil
	case !errors.Is(err, io.EOF):
		f.add(f.yamlMistake(err))
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		f.add(Mistake{File: f.name, What: "is empty"})
		return nil
	}
	return doc.Content[0]
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlMistake is a syntax error; the parser knows its line at most.
func (f *file) yamlMistake(err error) Mistake {
	m := Mistake{File: f.name}
	found := yamlLine.FindStringSubmatch(err.Error())
	if found == nil {
		m.What = "is not YAML: " + err.Error()
		return m
	}
	if line, err := strconv.Atoi(found[1]); err == nil {
		m.Line, m.Column = line, 1
	}
	m.What = "is not YAML: " + strings.TrimPrefix(err.Error(), found[0])
	return m
}

// checkNodes finds what YAML allows and a schema should not have, because it is
// easily misread: anchors, tags, merges, keys that come twice.
func (f *file) checkNodes(n *yaml.Node) { f.checkNode(n, 0) }

func (f *file) checkNode(n *yaml.Node, depth int) {
	if depth > maxDepth {
		f.at(f, n, "is nested more than %d deep", maxDepth)
		return
	}
	if n.Anchor != "" {
		f.at(f, n, "anchors are not allowed here: use `$ref`")
	}
	if n.Style&yaml.TaggedStyle != 0 {
		f.at(f, n, "the tag %s is not allowed here; text that begins with `!` is put in quotes", n.Tag)
	}
	switch n.Kind {
	case yaml.AliasNode:
		f.at(f, n, "aliases are not allowed here: use `$ref`") // not followed: it may contain itself
	case yaml.MappingNode:
		f.checkKeys(n)
		for _, c := range n.Content {
			f.checkNode(c, depth+1)
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			f.checkNode(c, depth+1)
		}
	}
}

func (f *file) checkKeys(n *yaml.Node) {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch line, twice := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			f.at(f, key, "a key must be text")
		case key.Tag == "!!merge":
			f.at(f, key, "the merge key `<<` is not allowed here: use `$ref` or `allOf`")
		case twice:
			f.at(f, key, "%s is given twice, first in line %d", quoted(key.Value), line)
		default:
			seen[key.Value] = key.Line
		}
	}
}
