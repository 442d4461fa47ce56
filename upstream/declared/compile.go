package declared

import (
	"maps"
	"slices"
	"strings"

	"tributary/upstream/declared/schema"
)

// Definition is a file whose references and expressions are all good. It is not
// changed once made.
type Definition struct {
	Endpoints []*Endpoint // in the order of the file

	file    *File
	known   Known
	sources []*source
	schemas *schema.Loader
}

// Scopes are the scopes that the endpoints need, none twice.
func (d *Definition) Scopes() []string { return d.file.Scopes() }

// compiler makes a definition of a file.
type compiler struct {
	*reader
	file    *File
	known   Known
	schemas *schema.Loader
	sources map[string]*source
	inOrder []*source
	inlined map[string]inlined // schemas in the file itself, by what is written
}

// Compile checks the file against what the gateway has. It returns nil with mistakes.
// It uses the file up: call it once.
func (f *File) Compile(known Known) (*Definition, []Mistake) {
	c := &compiler{
		reader: &reader{file: f.Name, lines: f.reader.lines, refused: f.reader.refused},
		file:   f, known: known, schemas: schema.NewLoader(known.Files),
		sources: make(map[string]*source), inlined: make(map[string]inlined),
	}
	c.checkUpstreams()
	for _, s := range f.sources {
		c.source(s)
	}
	d := &Definition{file: f, known: known, schemas: c.schemas}
	for _, e := range f.endpoints {
		if endpoint := c.endpoint(e); endpoint != nil {
			d.Endpoints = append(d.Endpoints, endpoint)
		}
		e.parameters, e.parts, e.data = nil, nil, nil // they take more room than what they mean
	}
	c.checkPaths(f.endpoints)
	for _, s := range c.inOrder {
		c.validity(s)
	}
	d.sources, f.reader.lines = c.inOrder, nil
	maps.Copy(f.read, c.schemas.Files())
	if len(c.mistakes) > 0 {
		return nil, c.mistakes.sorted()
	}
	return d, nil
}

func (c *compiler) checkUpstreams() {
	for _, u := range c.file.Upstreams {
		where := "upstreams." + u.Name
		switch {
		case slices.Contains(c.known.Upstreams, u.Name):
			c.mistakeIn(u.key, 0, where, "is the name of a built-in upstream, which sources may use as it is")
		case u.Credentials.Kind == CallerCredentials && !c.known.Tokens:
			c.mistakeIn(u.key, 0, where, "credentials: caller needs JWT_JWKS_URL, which is not set")
		}
	}
}

// upstream is the declaration of an upstream that a source names; ok is false for a
// name that nothing has.
func (c *compiler) upstream(name string) (u *Upstream, ok bool) {
	for _, u := range c.file.Upstreams {
		if u.Name == name {
			return u, true
		}
	}
	return nil, slices.Contains(c.known.Upstreams, name) || c.refused[name]
}

// upstreamNames are the names that a source may use.
func (c *compiler) upstreamNames() []string {
	var all []string
	for _, u := range c.file.Upstreams {
		all = append(all, u.Name)
	}
	return append(all, c.known.Upstreams...)
}

// checkPaths finds endpoints that would answer the same request. A stream is served
// below its endpoint's path.
func (c *compiler) checkPaths(all []*endpointDecl) {
	seen := make(map[string]served, len(all))
	for _, e := range all {
		for _, path := range e.paths() {
			form := placeholder.ReplaceAllString(path, "{}")
			if first, ok := seen[form]; ok {
				c.mistakeIn(e.key, 0, e.where, "%sis the same path as %s in line %d", e.of(path, "which "), first.path, first.by.key.line)
				continue
			}
			seen[form] = served{path, e}
			for _, builtIn := range c.known.Paths {
				if overlap(path, builtIn) {
					c.mistakeIn(e.key, 0, e.where, "%sthe gateway itself serves %s (BUILTIN_ENDPOINTS can turn that off)", e.of(path, "and "), builtIn)
				}
			}
		}
	}
}

// served is a path, and the endpoint that it is served by.
type served struct {
	path string
	by   *endpointDecl
}

// paths are the paths at which an endpoint is served.
func (d *endpointDecl) paths() []string {
	if d.stream {
		return []string{d.path, streamPath(d.path)}
	}
	return []string{d.path}
}

// of begins a mistake about a path that is not the endpoint's own.
func (d *endpointDecl) of(path, then string) string {
	if path == d.path {
		return ""
	}
	return "its stream would be at " + path + ", " + then
}

// overlap reports whether a request can match both paths.
func overlap(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	if len(as) != len(bs) {
		return false
	}
	for i := range as {
		if as[i] != bs[i] && !strings.HasPrefix(as[i], "{") && !strings.HasPrefix(bs[i], "{") {
			return false
		}
	}
	return true
}
