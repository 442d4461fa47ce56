package declared

import (
	"bytes"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// spliced is a YAML document into which text is put, and out of which lines are cut.
// All other lines stay as they are, comments included.
type spliced struct {
	root    *yaml.Node
	lines   [][]byte
	inserts map[int][]byte // before the line with this index
	cut     map[int]bool
}

func newSpliced(document []byte) (*spliced, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, fmt.Errorf("the document is empty")
	}
	return &spliced{
		root: doc.Content[0], lines: bytes.SplitAfter(document, []byte("\n")),
		inserts: make(map[int][]byte), cut: make(map[int]bool),
	}, nil
}

// append puts text at the end of a section, such as components, schemas.
func (s *spliced) append(text []byte, section ...string) error {
	_, end, ok := s.find(section)
	if !ok {
		return fmt.Errorf("the document has no %v", section)
	}
	s.inserts[end] = slices.Concat(s.inserts[end], text)
	return nil
}

// remove cuts out a member with its comments. A member that is not there is none to
// remove.
func (s *spliced) remove(member ...string) {
	if start, end, ok := s.find(member); ok {
		for i := start; i < end; i++ {
			s.cut[i] = true
		}
	}
}

// find returns the lines of a member, as indexes, the comments above it included.
func (s *spliced) find(names []string) (start, end int, ok bool) {
	at, end := s.root, len(s.lines)
	if len(s.lines[end-1]) == 0 { // after the last newline
		end--
	}
	for _, name := range names {
		i := 0
		for i+1 < len(at.Content) && at.Content[i].Value != name {
			i += 2
		}
		if i+1 >= len(at.Content) || at.Kind != yaml.MappingNode {
			return 0, 0, false
		}
		start = s.above(at.Content[i].Line - 1)
		if i+2 < len(at.Content) {
			end = s.above(at.Content[i+2].Line - 1)
		}
		at = at.Content[i+1]
	}
	return start, end, true
}

// above returns the first line of the comments and empty lines directly above a line.
func (s *spliced) above(line int) int {
	for line > 0 {
		text := bytes.TrimSpace(s.lines[line-1])
		if len(text) > 0 && text[0] != '#' {
			break
		}
		line--
	}
	return line
}

// bytes is the document with all that was changed.
func (s *spliced) bytes() []byte {
	var b bytes.Buffer
	for i, line := range s.lines {
		b.Write(s.inserts[i])
		if !s.cut[i] {
			b.Write(line)
		}
	}
	return b.Bytes()
}
