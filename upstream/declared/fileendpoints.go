package declared

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// endpointDecl is an endpoint as the file declares it.
type endpointDecl struct {
	path        string
	where       string
	key         scalar
	summary     string
	description string
	scope       scalar
	parameters  []parameterDecl
	parts       []*partDecl
	data        *dataDecl
	cache       string
	stream      bool
	deprecated  time.Time // zero: it is not
	sunset      time.Time
	successor   scalar
}

// parameterDecl is a parameter of an endpoint.
type parameterDecl struct {
	name   string
	where  string
	key    scalar
	schema *yaml.Node
}

// partDecl is a part of an endpoint.
type partDecl struct {
	name     string
	where    string
	key      scalar
	source   scalar // empty: that of the same name
	firstOf  []scalar
	ask      []askDecl
	required bool
	when     scalar
}

// askDecl is the value of one parameter of the part's source.
type askDecl struct {
	parameter scalar
	where     string
	value     scalar
}

var scopeForm = regexp.MustCompile(`^[a-z0-9_.-]+(:[a-z0-9_.-]+)*$`)

func (r *reader) endpoints(section member) (all []*endpointDecl) {
	for m := range r.mapping(section.value, section.where) {
		e := &endpointDecl{path: m.name(), where: m.where, key: newScalar(m.key), cache: "private"}
		for field := range r.fields(m.value, m.where, "summary", "description", "scope", "parameters", "parts", "data",
			"cache", "stream", "deprecated", "sunset", "successor") {
			r.endpointField(e, field)
		}
		r.require(m, "scope", e.scope.text, "what a caller must be allowed: orders:read, or none")
		if e.data == nil {
			r.requireKey(m, "data", "what the answer holds")
		}
		all = append(all, e)
		m.value.Content = nil // the nodes of a large file take ten times its size
	}
	return all
}

func (r *reader) endpointField(e *endpointDecl, m member) {
	switch m.name() {
	case "parameters":
		for p := range r.mapping(m.value, m.where) {
			e.parameters = append(e.parameters, parameterDecl{p.name(), p.where, newScalar(p.key), p.value})
		}
		return
	case "parts":
		e.parts = r.parts(m)
		return
	case "data":
		e.data = r.data(m.value, m.where)
		return
	}
	s, ok := r.scalar(m.value, m.where)
	if !ok {
		return
	}
	switch m.name() {
	case "summary":
		e.summary = s.text
	case "description":
		e.description = s.text
	case "scope":
		e.scope = s
		if !scopeForm.MatchString(s.text) {
			r.mistake(m.value, m.where, "a scope has lower-case letters, digits, _ . - and : between its parts")
		}
	case "cache":
		e.cache = s.text
		if !slices.Contains([]string{"private", "public", "revalidate"}, s.text) {
			r.mistake(m.value, m.where, "must be private, public or revalidate")
		}
	case "stream":
		e.stream = r.boolean(m)
	case "deprecated":
		e.deprecated = r.date(m, s)
	case "sunset":
		e.sunset = r.date(m, s)
	case "successor":
		e.successor = s
		if !strings.HasPrefix(s.text, "/") {
			r.mistake(m.value, m.where, "must be a path, which begins with /")
		}
	}
}

func (r *reader) parts(section member) (all []*partDecl) {
	for m := range r.mapping(section.value, section.where) {
		p := &partDecl{name: m.name(), where: m.where, key: newScalar(m.key)}
		for field := range r.fields(m.value, m.where, "source", "ask", "first_of", "required", "when") {
			switch field.name() {
			case "source":
				p.source, _ = r.scalar(field.value, field.where)
			case "when":
				p.when, _ = r.scalar(field.value, field.where)
			case "required":
				p.required = r.boolean(field)
			case "first_of":
				for where, item := range r.list(field.value, field.where) {
					if s, ok := r.scalar(item, where); ok {
						p.firstOf = append(p.firstOf, s)
					}
				}
				if len(p.firstOf) < 2 && field.value.Kind == yaml.SequenceNode {
					r.mistake(field.value, field.where, "must name at least two sources")
				}
			case "ask":
				for a := range r.mapping(field.value, field.where) {
					if s, ok := r.scalar(a.value, a.where); ok {
						p.ask = append(p.ask, askDecl{newScalar(a.key), a.where, s})
					}
				}
			}
		}
		if p.source.text != "" && p.firstOf != nil {
			r.mistake(m.key, m.where, "has source and first_of; one of them names who is asked")
		}
		all = append(all, p)
	}
	return all
}

func (r *reader) boolean(m member) bool {
	s, ok := r.scalar(m.value, m.where)
	if ok && s.text != "true" && s.text != "false" {
		r.mistake(m.value, m.where, "must be true or false")
	}
	return s.text == "true"
}

func (r *reader) date(m member, s scalar) time.Time {
	t, err := time.Parse(time.DateOnly, s.text)
	if err != nil {
		r.mistake(m.value, m.where, "must be a date such as 2027-03-31")
	}
	return t
}
