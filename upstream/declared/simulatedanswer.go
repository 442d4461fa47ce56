package declared

import (
	"bytes"
	"strings"
)

// body is the answer to a question, or the items of a batch's keys.
func (s *simulatedSource) body(parameters, keys []string) []byte {
	if s.batch == nil {
		return s.answer(parameters)
	}
	list := []byte{'['}
	seen := make(map[string]bool, len(keys))
	for _, key := range keys {
		if seen[key] {
			continue
		}
		seen[key] = true
		item := s.item(parameters, key)
		if item == nil {
			continue
		}
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = append(list, item...)
	}
	return s.batch.items.around(append(list, ']'))
}

// around puts a value where the path leads to, into objects and lists that hold nothing
// else. A nil path leads to the root.
func (p *path) around(value []byte) []byte {
	if p == nil {
		return value
	}
	for i := len(p.steps) - 1; i >= 0; i-- {
		step := p.steps[i]
		var b bytes.Buffer
		if step.kind == toIndex {
			b.WriteString("[" + strings.Repeat("null,", step.index))
			b.Write(value)
			b.WriteByte(']')
		} else {
			b.Write(appendText([]byte{'{'}, step.key))
			b.WriteByte(':')
			b.Write(value)
			b.WriteByte('}')
		}
		value = b.Bytes()
	}
	return value
}
