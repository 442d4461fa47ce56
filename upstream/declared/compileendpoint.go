package declared

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"tributary/upstream/declared/shape"
)

// Endpoint is a declared endpoint, ready to be connected with its upstreams.
type Endpoint struct {
	Path        string
	Summary     string
	Description string
	Scope       string // "none": it is open to all
	Cache       string // private, public or revalidate
	Stream      bool
	Deprecated  time.Time
	Sunset      time.Time
	Successor   string
	Parameters  []*Parameter // in the order of the file

	parts []*part // in an order in which each can be asked
	data  *dataNode
	roots int // values that paths begin at: the parameters, then the parts
}

// part is a part of an endpoint.
type part struct {
	name     string
	root     int
	listed   int // its place in the file, and in meta
	required bool
	sources  []partSource // more than one: the first that answers
	ask      []*ask       // in the order in which the file gives them
	when     *leaf
	after    []int // parts that it refers to, as indexes of Endpoint.parts
	typ      *shape.Type

	decl *partDecl // nil once the part is compiled
}

// partSource is one source that a part may ask, and which of the part's values each
// of its parameters takes.
type partSource struct {
	source  *source  // nil: it is built in
	builtIn *BuiltIn // nil: it is declared
	name    string
	order   []int // for each parameter of the source: the index in part.ask
	inOrder bool  // order is 0, 1, 2 and so on, and there is no other in part.ask
}

// ask is the value of one parameter of a part's source.
type ask struct {
	parameter string
	value     *leaf
	list      bool   // it holds the keys of a batch
	inPath    bool   // it must fit into a path
	from      string // the endpoint's own parameter that it is made of; empty: it needs a part
}

func (c *compiler) endpoint(d *endpointDecl) *Endpoint {
	before := len(c.mistakes)
	e := &Endpoint{
		Path: d.path, Summary: d.summary, Description: d.description, Scope: d.scope.text, Cache: d.cache, Stream: d.stream,
		Deprecated: d.deprecated, Sunset: d.sunset, Successor: d.successor.text,
	}
	inPath, n := c.path(d), newNames(nil)
	for _, p := range d.parameters {
		parameter := c.parameter(p, inPath)
		if parameter == nil {
			n.refuse(p.name)
			continue
		}
		n.roots[p.name] = root{index: e.roots, typ: parameter.Schema.Type}
		e.Parameters = append(e.Parameters, parameter)
		e.roots++
	}
	for _, name := range inPath {
		if !slices.ContainsFunc(d.parameters, func(p parameterDecl) bool { return p.name == name }) {
			c.mistakeIn(d.key, 0, d.where, "{%s} is not among the parameters: say what it may be, for example {type: string}", name)
			n.refuse(name)
		}
	}
	e.parts = c.parts(d, n, &e.roots)
	for _, p := range e.parts {
		c.question(p, n, e.Parameters)
	}
	c.order(e)
	for _, p := range e.parts {
		p.decl = nil // what the file says takes more room than what it means
	}
	if d.data != nil {
		e.data = c.data(n, d.data, nil)
	}
	if len(c.mistakes) > before {
		return nil
	}
	return e
}

// segmentForm is a literal segment of an endpoint's path: unreserved characters
// (RFC 3986 §2.3).
var segmentForm = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// path checks the path of an endpoint and returns the names in it.
func (c *compiler) path(d *endpointDecl) (names []string) {
	if !strings.HasPrefix(d.path, "/v1/") || strings.HasSuffix(d.path, "/") {
		c.mistakeIn(d.key, 0, d.where, "a path begins with /v1/ and does not end with /")
		return nil
	}
	for segment := range strings.SplitSeq(d.path[len("/v1/"):], "/") {
		name, isName := strings.CutPrefix(segment, "{")
		name, closed := strings.CutSuffix(name, "}")
		switch {
		case isName && closed && partName.MatchString(name) && !slices.Contains(names, name):
			names = append(names, name)
		case isName && slices.Contains(names, name):
			c.mistakeIn(d.key, 0, d.where, "{%s} stands twice", name)
		case !segmentForm.MatchString(segment) || segment == "." || segment == "..":
			c.mistakeIn(d.key, 0, d.where, "a segment is {name} or has letters, digits and - _ . ~")
			return names
		}
	}
	return names
}
