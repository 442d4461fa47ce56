package api_test

import (
	"bufio"
	"strings"
	"testing"

	"tributary/api"
)

// A client that reads as the standard says has the body again, with \n for line breaks
// of any kind.
func TestEventKeepsItsBody(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"one line":                 {"{}", "{}"},
		"a line break at its end":  {"{}\n", "{}"},
		"line breaks of each kind": {"{\n\"a\":\r\n1,\r\"b\": 2}", "{\n\"a\":\n1,\n\"b\": 2}"},
		"empty lines":              {"\n\n{}\r\n\r\n", "\n\n{}\n"},
		"what looks like fields":   {"{\nid: 7\n:\nevent: x}", "{\nid: 7\n:\nevent: x}"},
		"spaces at the beginning":  {"  {\n  }", "  {\n  }"},
		"nothing":                  {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := string(api.NewEvent("answer", "tag", []byte(c.body)))
			s := &stream{t: t, in: bufio.NewReader(strings.NewReader(text))}
			e, err := s.nextOrEnd()
			if err != nil || e.name != "answer" || e.id != "tag" || e.data != c.want {
				t.Errorf("event %q = %+v, %v; want the data %q", text, e, err, c.want)
			}
			if s.read.Len() != len(text) {
				t.Errorf("event %q has more after its end", text)
			}
		})
	}
}
