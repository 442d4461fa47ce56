package declared

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/sample"
)

// rule is what a source's own rule (valid) says of values in its answer, so that answers
// which are made up obey it. What else it says is tried until it holds.
type rule struct {
	parameters map[string]int    // by the JSON Pointer of the value that equals it
	constants  map[string]string // by JSON Pointer
	members    map[string]int    // by the name of a member that every item of a list has
}

var (
	conjunction = regexp.MustCompile(`&&|\band\b`)
	conversion  = regexp.MustCompile(`^(?:string|int|float)\((.*)\)$`)
	ofAll       = regexp.MustCompile(`^all\(\s*answer[^,]*,\s*([^,]*)\)$`)
	constant    = regexp.MustCompile(`^(?:"([^"\\]*)"|'([^'\\]*)'|(-?[0-9]+(?:\.[0-9]+)?|true|false))$`)

	pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")
)

// rule reads answer.id == customer, answer.kind == "order" and
// all(answer.lines, .order == id), alone or joined by && or and.
func (s *source) rule() rule {
	r := rule{parameters: map[string]int{}, constants: map[string]string{}, members: map[string]int{}}
	if s.valid == nil {
		return r
	}
	for _, part := range conjunction.Split(s.decl.valid.text, -1) {
		part = strings.TrimSpace(part)
		if m := ofAll.FindStringSubmatch(part); m != nil {
			part = m[1]
		}
		left, right, ok := strings.Cut(part, "==")
		if !ok {
			continue
		}
		r.add(s, left, right)
		r.add(s, right, left)
	}
	return r
}

// add notes that one side of an equation, if it is a place in the answer, equals the
// other.
func (r *rule) add(s *source, place, other string) {
	p, ok := expression.ParsePath(operand(place))
	if !ok {
		return
	}
	parameter := slices.Index(s.template.parameters, operand(other))
	switch pointer, ok := pointerOf(p); {
	case p.Root == "" && len(p.Steps) == 1 && parameter >= 0:
		r.members[p.Steps[0].Key] = parameter
	case p.Root != "answer" || !ok:
	case parameter >= 0:
		r.parameters[pointer] = parameter
	default:
		if m := constant.FindStringSubmatch(operand(other)); m != nil {
			r.constants[pointer] = m[1] + m[2] + m[3]
		}
	}
}

// operand is a side of an equation without white space and conversions.
func operand(text string) string {
	text = strings.TrimSpace(text)
	if m := conversion.FindStringSubmatch(text); m != nil {
		return strings.TrimSpace(m[1])
	}
	return text
}

// pointerOf is the JSON Pointer of where a path leads from its root; false if it looks up
// a key.
func pointerOf(p expression.Path) (string, bool) {
	resolved := &path{}
	for _, s := range p.Steps {
		at := step{key: s.Key, index: s.Index}
		switch s.Kind {
		case expression.ByLookup:
			return "", false
		case expression.ByIndex:
			at.kind = toIndex
		}
		resolved.steps = append(resolved.steps, at)
	}
	return resolved.pointer(), true
}

// pointer is the JSON Pointer (RFC 6901) of where the path leads from its root.
func (p *path) pointer() string {
	var b strings.Builder
	for _, s := range p.steps {
		b.WriteByte('/')
		if s.kind == toIndex {
			b.WriteString(strconv.Itoa(s.index))
			continue
		}
		b.WriteString(pointerEscape.Replace(s.key))
	}
	return b.String()
}

// question is what an answer is made up for, but for its seed.
func (r rule) question(names, values []string) sample.Question {
	q := sample.Question{Bound: map[string]string{}, Set: map[string]string{}}
	for i, name := range names {
		q.Bound[name] = values[i]
	}
	for name, i := range r.members {
		q.Bound[name] = values[i]
	}
	for pointer, text := range r.constants {
		q.Set[pointer] = text
	}
	for pointer, i := range r.parameters {
		q.Set[pointer] = values[i]
	}
	return q
}
