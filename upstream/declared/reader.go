package declared

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader reads YAML nodes and collects what is wrong with them.
type reader struct {
	file     string
	lines    []string
	mistakes mistakes
	refused  map[string]bool // names of upstreams and sources that have mistakes: known, but unusable
}

// mistake adds one at a node.
func (r *reader) mistake(n *yaml.Node, where, format string, args ...any) {
	r.mistakeAt(n.Line, n.Column, where, format, args...)
}

func (r *reader) mistakeAt(line, column int, where, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{r.file, line, column, where, fmt.Sprintf(format, args...)})
}

// refuse adds a mistake in a name. What refers to the name is no mistake of its own.
func (r *reader) refuse(n *yaml.Node, where, format string, args ...any) {
	r.mistake(n, where, format, args...)
	r.refused[n.Value] = true
}

// mistakeIn adds one at a character of a scalar.
func (r *reader) mistakeIn(s scalar, offset int, where, format string, args ...any) {
	line, column := s.at(r.lines, offset)
	r.mistakeAt(line, column, where, format, args...)
}

// member is a key of a mapping and its value.
type member struct {
	key   *yaml.Node
	value *yaml.Node
	where string // the path of keys to the value
}

func (m member) name() string { return m.key.Value }

// mapping yields the members of a mapping in their order. Keys that come twice, and
// keys that are not text, are mistakes and are left out.
func (r *reader) mapping(n *yaml.Node, where string) iter.Seq[member] {
	return func(yield func(member) bool) {
		if !r.isPlain(n, where) {
			return
		}
		if n.Kind != yaml.MappingNode {
			r.mistake(n, where, "must be a mapping of keys to values")
			return
		}
		seen := make(map[string]int, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			at := joinKeys(where, key.Value)
			if rest := cutByComma(n, i); rest > 0 {
				r.mistake(value, at, "ends at the comma, as it stands inside { }: put the expression in quotes")
				i += 2 * rest
				continue
			}
			switch {
			case !r.isPlain(key, where):
				continue
			case key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || key.Value == "":
				r.mistake(key, where, "a key must be text")
				continue
			case seen[key.Value] > 0:
				r.mistake(key, at, "the key stands twice; first in line %d", seen[key.Value])
				continue
			}
			seen[key.Value] = key.Line
			if !yield(member{key, value, at}) {
				return
			}
		}
	}
}

// fields yields the members of a mapping whose keys are known. Other keys are
// mistakes.
func (r *reader) fields(n *yaml.Node, where string, known ...string) iter.Seq[member] {
	return func(yield func(member) bool) {
		for m := range r.mapping(n, where) {
			if !slices.Contains(known, m.name()) {
				r.unknownKey(m, known)
				continue
			}
			if !yield(m) {
				return
			}
		}
	}
}

func (r *reader) unknownKey(m member, known []string) {
	r.mistake(m.key, m.where, "unknown key; known are %s%s", strings.Join(known, ", "), didYouMean(m.name(), known))
}

// list yields the items of a list.
func (r *reader) list(n *yaml.Node, where string) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		if !r.isPlain(n, where) {
			return
		}
		if n.Kind != yaml.SequenceNode {
			r.mistake(n, where, "must be a list")
			return
		}
		for i, item := range n.Content {
			if !yield(fmt.Sprintf("%s[%d]", where, i), item) {
				return
			}
		}
	}
}

// scalar reads a single value, which must not be empty.
func (r *reader) scalar(n *yaml.Node, where string) (scalar, bool) {
	switch {
	case !r.isPlain(n, where):
	case n.Kind != yaml.ScalarNode:
		r.mistake(n, where, "must be a single value, not a %s", kindOf(n))
	case n.Tag == "!!null" || n.Value == "":
		r.mistake(n, where, "has no value%s", cutHint(newScalar(n)))
	default:
		return newScalar(n), true
	}
	return scalar{}, false
}

// isPlain refuses what YAML has beyond values: anchors, aliases and tags.
func (r *reader) isPlain(n *yaml.Node, where string) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.mistake(n, where, "anchors and aliases (& and *) are not used in this file; an expression that begins with one must be in quotes")
	case n.Style&yaml.TaggedStyle != 0:
		r.mistake(n, where, "%s is a tag of YAML; an expression that begins with ! must be in quotes", n.Tag)
	default:
		return true
	}
	return false
}

// cutByComma is how many members after the one at n.Content[i] are the rest of its
// expression: inside { } a comma ends a value, so that max(a, b) becomes the value
// "max(a" and the key "b)" without a value.
func cutByComma(n *yaml.Node, i int) (rest int) {
	value := n.Content[i+1]
	if n.Style&yaml.FlowStyle == 0 || value.Kind != yaml.ScalarNode || !newScalar(value).plain() {
		return 0
	}
	open := strings.Count(value.Value, "(") - strings.Count(value.Value, ")")
	for at := i + 2; open > 0 && at+1 < len(n.Content) && isEmpty(n.Content[at+1]); at += 2 {
		key := n.Content[at].Value
		open += strings.Count(key, "(") - strings.Count(key, ")")
		rest++
	}
	return rest
}

func isEmpty(n *yaml.Node) bool { return n.Tag == "!!null" && n.Value == "" }

// cutHint says that a comment may be the rest of an expression.
func cutHint(s scalar) string {
	if s.comment && s.plain() {
		return " (a # after a space begins a comment: put the value in quotes)"
	}
	return ""
}

func kindOf(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode {
		return "list"
	}
	return "mapping"
}

func joinKeys(where, key string) string {
	if where == "" {
		return key
	}
	return where + "." + key
}
