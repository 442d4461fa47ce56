package schema

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// parseJSON reads a JSON file into nodes with positions; nil if it has mistakes. It
// is not read as YAML, which differs in escapes, tabs and the length of keys.
func (f *file) parseJSON(raw []byte) *yaml.Node {
	p := &jsonParser{raw: raw, dec: jsontext.NewDecoder(bytes.NewReader(raw)), line: 1, column: 1}
	n, err := p.value(0)
	if err == nil {
		if _, err = p.dec.ReadToken(); errors.Is(err, io.EOF) {
			return n
		}
		if err == nil {
			err = errors.New("something follows the value")
		}
	}
	p.move(int(p.dec.InputOffset()))
	what := err.Error()
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		p.move(int(syntax.ByteOffset))
		what = syntax.Err.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		what = "it ends too early"
	}
	f.add(Mistake{File: f.name, Line: p.line, Column: p.column, What: "is not JSON: " + strings.TrimPrefix(what, "jsontext: ")})
	return nil
}

// jsonParser builds nodes, and follows with line and column where it is.
type jsonParser struct {
	raw          []byte
	dec          *jsontext.Decoder
	at           int // offset of line and column
	line, column int
}

// move goes forward to an offset.
func (p *jsonParser) move(to int) {
	if to = min(to, len(p.raw)); to <= p.at {
		return
	}
	passed := p.raw[p.at:to]
	p.at = to
	if n := bytes.Count(passed, []byte("\n")); n > 0 {
		p.line += n
		p.column = 1
		passed = passed[bytes.LastIndexByte(passed, '\n')+1:]
	}
	p.column += utf8.RuneCount(passed)
}

func (p *jsonParser) node(n yaml.Node, length int) *yaml.Node {
	p.move(int(p.dec.InputOffset()) - length)
	n.Line, n.Column = p.line, p.column
	return &n
}

func (p *jsonParser) value(depth int) (*yaml.Node, error) {
	kind := p.dec.PeekKind()
	if depth > maxDepth {
		return nil, errors.New("nested too deep")
	}
	switch kind {
	case '{', '[':
		return p.container(kind, depth)
	}
	raw, err := p.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	return p.node(scalar(raw), len(raw)), nil
}

func (p *jsonParser) container(kind jsontext.Kind, depth int) (*yaml.Node, error) {
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, err
	}
	n := p.node(yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}, 1)
	end := jsontext.Kind(']')
	if kind == '{' {
		n.Kind, n.Tag, end = yaml.MappingNode, "!!map", '}'
	}
	for p.dec.PeekKind() != end {
		c, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, c)
	}
	_, err := p.dec.ReadToken()
	return n, err
}

func scalar(raw jsontext.Value) yaml.Node {
	switch raw.Kind() {
	case '"':
		text, _ := jsontext.AppendUnquote(nil, raw)
		return yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: string(text)}
	case 't', 'f':
		return yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: string(raw)}
	case 'n':
		return yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	}
	return yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: string(raw)}
}
