package declared

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// simulatedSource reads the requests of a source and makes up the answers.
type simulatedSource struct {
	madeUp
	path   *regexp.Regexp
	inPath []int // the parameter of each group
	query  []simulatedQuery
}

// simulatedQuery is one parameter of the query.
type simulatedQuery struct {
	name    string
	value   *regexp.Regexp
	groups  []int // the parameter of each group
	repeats bool  // it holds the keys of a batch
}

func newSimulatedSource(s *source) *simulatedSource {
	sim := &simulatedSource{madeUp: s.madeUp()}
	sim.path, sim.inPath = pattern(s.template.path, escapedPath, "([^/]+)")
	for _, q := range s.template.query {
		one := simulatedQuery{name: unescapedQuery(q.name), repeats: s.batch != nil && s.batch.join == "" && q.has(s.batch.over)}
		one.value, one.groups = pattern(q.value, unescapedQuery, "(.*)")
		sim.query = append(sim.query, one)
	}
	return sim
}

// pattern matches pieces with their parameters. literal is what a request has in place
// of a piece's text.
func pattern(pieces []piece, literal func(string) string, parameter string) (_ *regexp.Regexp, groups []int) {
	text := "(?s)^"
	for _, p := range pieces {
		text += regexp.QuoteMeta(literal(p.text))
		if p.parameter >= 0 {
			text += parameter
			groups = append(groups, p.parameter)
		}
	}
	return regexp.MustCompile(text + "$"), groups
}

// escapedPath is the text of a path as clients send it.
func escapedPath(text string) string {
	path, err := url.PathUnescape(text)
	if err != nil {
		return text // not reached: templates are checked
	}
	u := url.URL{Path: path, RawPath: text}
	return u.EscapedPath()
}

func unescapedQuery(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text // not reached: templates are checked
}

// form is what the source asks for, as the file has it.
func (s *simulatedSource) form() string {
	_, form, _ := strings.Cut(s.decl.get.text, " ")
	return strings.TrimSpace(form)
}

// read is the values of the parameters in a request, and the keys of a batch. ok is
// false if it is no request of the source.
func (s *simulatedSource) read(r *http.Request) (values, keys []string, ok bool) {
	b := binding{values: make([]string, len(s.template.parameters)), bound: make([]bool, len(s.template.parameters))}
	for i, escaped := range s.path.FindStringSubmatch(r.URL.EscapedPath())[1:] {
		text, err := url.PathUnescape(escaped)
		if err != nil || !b.bind(s.inPath[i], text) {
			return nil, nil, false
		}
	}
	given := r.URL.Query()
	for _, q := range s.query {
		texts := given[q.name]
		if len(texts) == 0 {
			return nil, nil, false
		}
		if q.repeats {
			if keys = q.keys(texts); keys == nil {
				return nil, nil, false
			}
			continue
		}
		given[q.name] = texts[1:]
		found := q.value.FindStringSubmatch(texts[0])
		if found == nil {
			return nil, nil, false
		}
		for i, text := range found[1:] {
			if !b.bind(q.groups[i], text) {
				return nil, nil, false
			}
		}
	}
	if s.batch != nil && s.batch.join != "" {
		keys = strings.Split(b.values[s.batch.over], s.batch.join)
	}
	return b.values, keys, true
}

// keys are those that a repeated parameter holds, nil if one has another form.
func (q simulatedQuery) keys(texts []string) (keys []string) {
	for _, text := range texts {
		found := q.value.FindStringSubmatch(text)
		if len(found) != 2 {
			return nil
		}
		keys = append(keys, found[1])
	}
	return keys
}

// binding collects the values of parameters.
type binding struct {
	values []string
	bound  []bool
}

// bind gives a parameter its value. It returns false if the parameter already has
// another value.
func (b *binding) bind(parameter int, text string) bool {
	if b.bound[parameter] {
		return b.values[parameter] == text
	}
	b.values[parameter], b.bound[parameter] = text, true
	return true
}
