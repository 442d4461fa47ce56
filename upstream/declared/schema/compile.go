package schema

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strconv"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// asserted are the formats that values are checked for. Others only describe.
var asserted = map[string]bool{
	"date-time": true, "date": true, "time": true, "duration": true, "email": true, "hostname": true,
	"ipv4": true, "ipv6": true, "uri": true, "uri-reference": true, "iri": true, "iri-reference": true,
	"uri-template": true, "uuid": true, "json-pointer": true, "relative-json-pointer": true, "regex": true,
	"period": true, "semver": true,
}

// address is what the library calls the one document that it gets.
const address = "schema:///bundle"

// compile makes a Schema of a node, or finds every mistake in it.
func (l *Loader) compile(f *file, n *yaml.Node) (*Schema, []Mistake) {
	b := newBundle(l, f, n)
	b.graph.check(&b.mistakes)
	doc := b.document()
	b.checkRules(doc)
	if len(b.list) > 0 {
		return nil, b.list
	}
	rules, err := b.library(doc)
	if err != nil {
		b.at(f, n, "is not a schema: %v", err)
		return nil, b.list
	}
	canonical, err := json.Marshal(doc)
	if err != nil {
		b.at(f, n, "is not a schema: %v", err)
		return nil, b.list
	}
	return &Schema{Type: typeOf(rules), rules: rules, names: b.names, digest: sha256.Sum256(canonical)}, nil
}

// library compiles the document with the validator's library.
func (b *bundle) library(doc any) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(nothing{})
	for _, name := range b.unknownFormats() { // so that the compiled schema has their names
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: func(any) error { return nil }})
	}
	if err := c.AddResource(address, doc); err != nil {
		return nil, err
	}
	return c.Compile(address + "#/$defs/0")
}

// nothing loads nothing: the document has all that it refers to. The library's own
// loader would open any file of the machine.
type nothing struct{}

func (nothing) Load(string) (any, error) { return nil, errors.New("not loaded") }

var metaschema = sync.OnceValue(func() *jsonschema.Schema {
	c := jsonschema.NewCompiler()
	c.UseLoader(nothing{})
	return c.MustCompile("https://json-schema.org/draft/2020-12/schema")
})

// checkRules finds what the metaschema of JSON Schema does not allow. Where there is
// another mistake already, that says it better.
func (b *bundle) checkRules(doc any) {
	err, ok := errors.AsType[*jsonschema.ValidationError](metaschema().Validate(doc))
	if !ok {
		return
	}
	for _, p := range problems(err, doc) {
		u, n := b.place(p.at)
		if n == nil || b.within(u.file, n) {
			continue
		}
		where := ""
		if len(p.at) > 2 {
			where = quoted(p.at[len(p.at)-1]) + ": "
		}
		b.at(u.file, n, "%s%s", where, p.rule)
	}
}

// place is the node at a place of the document, or the closest above it.
func (b *bundle) place(at []string) (unit, *yaml.Node) {
	if len(at) < 2 {
		return unit{}, nil
	}
	i, err := strconv.Atoi(at[1])
	if err != nil || i >= len(b.units) {
		return unit{}, nil
	}
	u := b.units[i]
	n := u.node
	for _, token := range at[2:] {
		next := child(n, token)
		if next == nil {
			break
		}
		n = next
	}
	return u, n
}
