package declared

import (
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// scalar is a single value of the file, with the place where it stands.
type scalar struct {
	text    string
	line    int
	column  int
	style   yaml.Style
	comment bool // a comment follows, which may be the rest of an expression
}

func newScalar(n *yaml.Node) scalar {
	return scalar{n.Value, n.Line, n.Column, n.Style &^ yaml.TaggedStyle, n.LineComment != ""}
}

// quoted reports whether the text stands between quotes in the file.
func (s scalar) quoted() bool {
	return s.style == yaml.DoubleQuotedStyle || s.style == yaml.SingleQuotedStyle
}

// plain reports whether YAML itself decides where the text ends.
func (s scalar) plain() bool { return s.style == 0 || s.style == yaml.FlowStyle }

// at is the line and column of the character at offset, by walking through the lines
// of the file in step with the text. Where YAML's escapes make the two differ in a way
// that is not known here, it is where the scalar begins.
func (s scalar) at(lines []string, offset int) (line, column int) {
	w := walk{lines: lines, line: s.line}
	w.enter(s.line, s.column-1)
	switch s.style {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		w.i++
	case yaml.FoldedStyle, yaml.LiteralStyle:
		if !w.nextLine() {
			return s.line, s.column
		}
	}
	length := utf8.RuneCountInString(s.text)
	for _, c := range []rune(s.text)[:min(offset, length)] {
		if !w.step(c, s.style) {
			return s.line, s.column
		}
	}
	if w.i >= len(w.raw) && offset < length {
		w.nextLine()
	}
	return w.line, w.i + 1
}

// walk is a position in the lines of the file.
type walk struct {
	lines []string
	line  int // from 1
	raw   []rune
	i     int
}

func (w *walk) enter(line, i int) {
	w.line, w.i, w.raw = line, i, nil
	if line >= 1 && line <= len(w.lines) {
		w.raw = []rune(w.lines[line-1])
	}
}

// nextLine goes to the first character of the next line that has any.
func (w *walk) nextLine() bool {
	for w.line < len(w.lines) {
		w.enter(w.line+1, 0)
		for w.i < len(w.raw) && w.raw[w.i] == ' ' {
			w.i++
		}
		if w.i < len(w.raw) {
			return true
		}
	}
	return false
}

// step goes past the raw form of c.
func (w *walk) step(c rune, style yaml.Style) bool {
	switch {
	case w.i >= len(w.raw): // the end of a line was folded into this space
		return w.nextLine()
	case style == yaml.SingleQuotedStyle && c == '\'': // written twice
		w.i += 2
	case w.raw[w.i] == c && (c != '\\' || style != yaml.DoubleQuotedStyle):
		w.i++
	case w.raw[w.i] == '\\' && style == yaml.DoubleQuotedStyle && w.i+1 < len(w.raw):
		w.i += 2 + map[rune]int{'x': 2, 'u': 4, 'U': 8}[w.raw[w.i+1]]
	default:
		return false
	}
	return true
}
