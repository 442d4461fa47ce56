package declared

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"tributary/upstream/declared/jsontree"
	"tributary/upstream/declared/shape"
)

// question is a source's parameters with their values.
type question struct {
	values []string
	key    string  // of the cache entry; of a batch without its items
	caller *Caller // nil: our own credentials
}

// Caller is a caller whose own token is passed on.
type Caller struct {
	Token   string `json:"-"`
	Hash    string // of the token, for keys of the cache
	Expires time.Time
}

// String and GoString keep the token out of panics and logs.
func (Caller) String() string   { return "(caller)" }
func (Caller) GoString() string { return "(caller)" }

// cacheKey is different for different values: each stands after its length.
func cacheKey(values []string, caller *Caller) string {
	if len(values) == 1 && caller == nil {
		return values[0]
	}
	var b strings.Builder
	if caller != nil {
		b.WriteString(caller.Hash)
		b.WriteByte(' ')
	}
	for _, v := range values {
		b.WriteString(strconv.Itoa(len(v)))
		b.WriteByte(':')
		b.WriteString(v)
	}
	return b.String()
}

// ParameterError is a value of a caller that cannot be asked for.
type ParameterError struct {
	Parameter string // of the endpoint
	Detail    string
}

func (e *ParameterError) Error() string { return e.Parameter + " " + e.Detail }

// checkParameters refuses values of the caller that cannot stand in a path. The error is
// a *ParameterError.
func (p *part) checkParameters(v values) error {
	for _, a := range p.ask {
		if a.from == "" || !a.inPath || a.list {
			continue
		}
		if text, ok := v.text(a.value); ok && !fitsPath(text) {
			return &ParameterError{a.from, "must not be empty, . or .., and must not have control characters"}
		}
	}
	return nil
}

// texts are the values of a part's ask. ok is false if one has none, or none that can
// stand in a path, so that there is nothing to ask.
func (p *part) texts(v values) (texts []string, items []string, ok bool) {
	texts = make([]string, len(p.ask))
	for i, a := range p.ask {
		if a.list {
			items, ok = v.list(a.value)
		} else {
			texts[i], ok = v.text(a.value)
			ok = ok && (!a.inPath || fitsPath(texts[i]))
		}
		if !ok {
			return nil, nil, false
		}
	}
	return texts, items, true
}

// text is the value of a leaf as a parameter.
func (v values) text(l *leaf) (string, bool) {
	if l.path != nil {
		return v.keyAt(l.path, jsontree.Node{})
	}
	result, ok, err := v.compute(l, jsontree.Node{}, nil)
	if !ok || err != nil {
		return "", false
	}
	return textOfResult(result)
}

func textOfResult(result any) (string, bool) {
	switch r := result.(type) {
	case string:
		return r, true
	case int:
		return strconv.Itoa(r), true
	case bool:
		return strconv.FormatBool(r), true
	case float64:
		return strconv.FormatFloat(r, 'f', -1, 64), true
	}
	return "", false
}

// list is the value of a leaf as the keys of a batch. Duplicates and what has no text
// drop out.
func (v values) list(l *leaf) (keys []string, ok bool) {
	seen := make(map[string]bool)
	add := func(key string, ok bool) {
		if ok && key != "" && !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	keys = []string{}
	if l.path != nil {
		at := v.find(l.path, jsontree.Node{}).node
		if at.Kind() != jsontree.List {
			key, ok := textOf(at, l.path.typ)
			add(key, ok)
			return keys, ok
		}
		for n := range at.Items() {
			add(textOf(n, l.typ.Items))
		}
		return keys, true
	}
	result, ok, err := v.compute(l, jsontree.Node{}, nil)
	if !ok || err != nil {
		return nil, false
	}
	list, isList := result.([]any)
	if !isList {
		list = []any{result}
	}
	for _, item := range list {
		add(textOfResult(item))
	}
	return keys, true
}

// isTrue reports whether a condition holds. What is absent does not.
func (v values) isTrue(l *leaf) bool {
	if l.path != nil {
		result, err := v.find(l.path, jsontree.Node{}).node.Value(&shape.Type{Kind: shape.Boolean})
		return err == nil && result == true
	}
	result, ok, err := v.compute(l, jsontree.Node{}, nil)
	return ok && err == nil && result == true
}

// holds reports whether what must be true of an answer is.
func (s *source) holds(q question, answer jsontree.Node) error {
	if s.valid == nil {
		return nil
	}
	v := make(values, 1+len(q.values))
	v[0].node = answer
	for i, text := range q.values {
		v[i+1].node = parameterNode(text, s.parameterType(i))
	}
	if !v.isTrue(s.valid) {
		return errNotValid
	}
	return nil
}

var errNotValid = errors.New("the answer is not valid by the source's own rule (valid)")

// parameterNode is the text of a parameter as the value that it had. What is no number
// although it should be is absent.
func parameterNode(text string, t *shape.Type) jsontree.Node {
	raw := []byte(text)
	if t.Kind == shape.Text || t.Kind == shape.Any {
		raw = appendText(nil, text)
	}
	tree, err := jsontree.Parse(raw)
	if err != nil {
		return jsontree.Node{}
	}
	return tree.Root()
}
