package declared

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/jsontree"
	"tributary/upstream/declared/schema"
	"tributary/upstream/declared/shape"
)

// source is a declared source whose references are good.
type source struct {
	name     string
	upstream string
	template template
	schema   *schema.Schema // of the answer; of a batch: of one item
	typ      *shape.Type    // of what a part has: the answer, or a batch's items by key
	types    []*shape.Type  // of the parameters, which all that ask agree on; nil: nobody asks
	valid    *leaf
	notFound *jsontree.Tree // nil: a 404 is no answer
	batch    *batch
	caller   bool   // it is asked with the caller's own token
	digest   string // differs where the declaration or its schema does
	unknown  bool   // its parameters are, as get has a mistake

	decl *sourceDecl
}

// source compiles a source but for its validity, whose types the endpoints decide.
func (c *compiler) source(d *sourceDecl) {
	if c.known.Sources[d.name] != nil {
		c.mistakeIn(d.key, 0, d.where, "is the name of a built-in source, which parts may use as it is")
		c.refused[d.name] = true
		return
	}
	s := &source{name: d.name, decl: d}
	c.sources[d.name] = s // even with mistakes: its parts have none of their own then
	c.inOrder = append(c.inOrder, s)
	c.get(s)
	s.types = make([]*shape.Type, len(s.template.parameters))
	if d.answer.text != "" {
		s.schema = c.answer(d)
	}
	if s.schema != nil {
		s.typ = s.schema.Type
	} else {
		s.typ = &shape.Type{}
	}
	if d.batch != nil {
		c.batchOf(s)
		s.typ = &shape.Type{Kind: shape.Object, Rest: s.typ}
	}
	if d.notFound != nil {
		s.notFound = c.notFound(s)
	}
}

// get reads "orders /orders/{id}".
func (c *compiler) get(s *source) {
	d := s.decl
	if s.unknown = d.get.text == ""; s.unknown {
		return
	}
	where := d.where + ".get"
	name, rest, _ := strings.Cut(d.get.text, " ")
	declared, known := c.upstream(name)
	if !known {
		c.mistakeIn(d.get, 0, where, "there is no upstream %s%s", name, didYouMean(name, c.upstreamNames()))
	}
	s.upstream = name
	s.caller = declared != nil && declared.Credentials.Kind == CallerCredentials
	text := strings.TrimSpace(rest)
	t, what := parseTemplate(text)
	if what != "" {
		s.unknown = true
		c.mistakeIn(d.get, max(0, len([]rune(d.get.text))-len([]rune(text))), where, "%s", what)
	}
	s.template = t
	if declared != nil && declared.Credentials.Kind == QueryCredentials && t.hasQuery(declared.Credentials.Name) {
		c.mistakeIn(d.get, 0, where, "the query parameter %s holds the credentials of %s", declared.Credentials.Name, name)
	}
	for _, p := range t.parameters {
		if expression.Reserved(p) || p == "answer" {
			c.mistakeIn(d.get, 0, where, "%s is a word of expressions and cannot name a parameter", p)
		}
	}
}

// answer compiles the schema of a source. Its own mistakes have the schema's place.
func (c *compiler) answer(d *sourceDecl) *schema.Schema {
	loaded, wrong := c.schemas.Load(d.answer.text)
	for _, w := range wrong {
		if w.Line == 0 {
			c.mistakeIn(d.answer, 0, d.where+".answer", "%s", w.What)
			continue
		}
		c.mistakes = append(c.mistakes, Mistake{w.File, w.Line, w.Column, "", w.What})
	}
	return loaded
}

// notFound is the answer that a 404 stands for, which must fit the schema.
func (c *compiler) notFound(s *source) *jsontree.Tree {
	node, where := s.decl.notFound, s.decl.where+".not_found"
	raw, err := jsonOf(node)
	if err != nil {
		c.mistake(node, where, "%s", err)
		return nil
	}
	tree, err := jsontree.Parse(raw)
	if err != nil {
		c.mistake(node, where, "%s", err)
		return nil
	}
	if s.schema == nil {
		return nil
	}
	if err := validate(s.schema, tree); err != nil {
		c.mistake(node, where, "does not fit the schema of the answer: %s", err)
	}
	return tree
}

// validity compiles what must be true of an answer.
func (c *compiler) validity(s *source) {
	if text := s.decl.valid; text.text != "" && s.schema != nil && !s.unknown {
		roots := map[string]root{"answer": {index: 0, typ: s.schema.Type}}
		for i, name := range s.template.parameters {
			roots[name] = root{index: i + 1, typ: s.parameterType(i)}
		}
		where := s.decl.where + ".valid"
		s.valid = c.leaf(newNames(roots), text, where, nil)
		if s.valid != nil && s.valid.typ.Kind != shape.Boolean && s.valid.typ.Kind != shape.Any {
			c.mistakeIn(text, 0, where, "must be true or false, not %s", s.valid.typ.Kind)
		}
	}
	s.digest = s.hash()
}

// parameterType is the type of a parameter: what all that ask agree on, else text.
func (s *source) parameterType(i int) *shape.Type {
	if t := s.types[i]; t != nil && t.Kind != shape.Any {
		return t
	}
	return &shape.Type{Kind: shape.Text}
}

// asked notes the type with which a part gives a parameter.
func (s *source) asked(i int, t *shape.Type) {
	switch known := s.types[i]; {
	case known == nil:
		s.types[i] = t
	case known.Kind != t.Kind:
		s.types[i] = &shape.Type{Kind: shape.Text}
	}
}

// hash is of everything that an answer's meaning depends on, but for the URL of the
// upstream.
func (s *source) hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n%q\n%q\n", s.decl.get.text, s.decl.valid.text, s.parameterKinds())
	if s.notFound != nil {
		h.Write(s.notFound.Root().Bytes())
	}
	if b := s.decl.batch; b != nil {
		fmt.Fprintf(h, "%q %q %q %d %q\n", b.over.text, b.by.text, b.items.text, b.most, b.join)
	}
	if s.schema != nil {
		sum := s.schema.Digest()
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func (s *source) parameterKinds() (kinds []string) {
	for i := range s.types {
		kinds = append(kinds, s.parameterType(i).Kind.String())
	}
	return kinds
}

// jsonOf is the JSON of a value in the file.
func jsonOf(n *yaml.Node) ([]byte, error) {
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, fmt.Errorf("cannot be read as a value")
	}
	return marshal(v)
}
