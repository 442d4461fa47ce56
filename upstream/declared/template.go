package declared

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// template is the path and query of a source's requests, with the places of its
// parameters.
type template struct {
	route      string // the path as it is written, for spans and metrics
	parameters []string
	path       []piece
	query      []queryPiece
}

// piece is literal text followed by a parameter.
type piece struct {
	text      string
	parameter int // -1: none
}

// queryPiece is one parameter of the query, "order={order}".
type queryPiece struct {
	name  string // escaped
	value []piece
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// parseTemplate reads "/shipments?order={order}". what is the mistake, if any.
func parseTemplate(text string) (t template, what string) {
	path, query, hasQuery := strings.Cut(text, "?")
	switch {
	case !strings.HasPrefix(path, "/"):
		return t, "the path must begin with /"
	case strings.Contains(path, "//"):
		return t, "the path must not have an empty segment"
	case strings.Contains(text, "#"):
		return t, "a URL that is asked has no # part"
	case strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == '\\' || unicode.IsControl(c) }):
		return t, "the path must not have spaces, control characters or \\"
	}
	t.route = path
	if t.path, what = t.pieces(path); what != "" {
		return t, what
	}
	for _, p := range t.path {
		if _, err := url.PathUnescape(p.text); err != nil {
			return t, "a % in the path must be followed by two hex digits"
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		if plain, err := url.PathUnescape(segment); err == nil && (plain == "." || plain == "..") {
			return t, "the path must not have . or .. as a segment"
		}
	}
	if !hasQuery {
		return t, ""
	}
	for item := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(item, "=")
		if _, err := url.QueryUnescape(item); err != nil || name == "" || strings.ContainsAny(name, "{}") {
			return t, "the query must be of the form name={parameter}&other=text"
		}
		q := queryPiece{name: name}
		if q.value, what = t.pieces(value); what != "" {
			return t, what
		}
		t.query = append(t.query, q)
	}
	return t, ""
}

// pieces splits text at its parameters.
func (t *template) pieces(text string) (all []piece, what string) {
	for {
		at := placeholder.FindStringSubmatchIndex(text)
		if at == nil {
			break
		}
		name := text[at[2]:at[3]]
		if !partName.MatchString(name) {
			return nil, "a parameter is written {name}, with letters, digits and _"
		}
		all = append(all, piece{text[:at[0]], t.parameter(name)})
		text = text[at[1]:]
		if strings.ContainsAny(all[len(all)-1].text, "{}") {
			return nil, "{ and } must stand in pairs around the name of a parameter"
		}
	}
	if strings.ContainsAny(text, "{}") {
		return nil, "{ and } must stand in pairs around the name of a parameter"
	}
	if text != "" || all == nil {
		all = append(all, piece{text, -1})
	}
	return all, ""
}

func (t *template) parameter(name string) int {
	for i, p := range t.parameters {
		if p == name {
			return i
		}
	}
	t.parameters = append(t.parameters, name)
	return len(t.parameters) - 1
}

// hasQuery reports whether the query has a parameter of a name.
func (t *template) hasQuery(name string) bool {
	for _, q := range t.query {
		if written, err := url.QueryUnescape(q.name); err == nil && written == name {
			return true
		}
	}
	return false
}

// inPath reports whether a parameter stands in the path.
func (t *template) inPath(parameter int) bool {
	for _, p := range t.path {
		if p.parameter == parameter {
			return true
		}
	}
	return false
}

// fitsPath reports whether a value can stand in a path: an empty one, . and .. would
// make it another path (RFC 3986 §5.2.4), and control characters are refused by servers.
func fitsPath(value string) bool {
	return value != "" && value != "." && value != ".." && !strings.ContainsFunc(value, unicode.IsControl)
}

// bind is the URL with the values of the parameters in their places, each escaped so
// that it cannot leave its place. A list of values repeats its query parameter.
func (t *template) bind(values []string, list int, items []string) string {
	var b strings.Builder
	for _, p := range t.path {
		b.WriteString(p.text)
		if p.parameter >= 0 {
			b.WriteString(url.PathEscape(values[p.parameter]))
		}
	}
	separator := byte('?')
	for _, q := range t.query {
		repeated := items
		if !q.has(list) || items == nil {
			repeated = []string{""}
		}
		for _, item := range repeated {
			b.WriteByte(separator)
			separator = '&'
			b.WriteString(q.name)
			b.WriteByte('=')
			for _, p := range q.value {
				b.WriteString(p.text)
				switch {
				case p.parameter < 0:
				case p.parameter == list && items != nil:
					b.WriteString(url.QueryEscape(item))
				default:
					b.WriteString(url.QueryEscape(values[p.parameter]))
				}
			}
		}
	}
	return b.String()
}

func (q queryPiece) has(parameter int) bool {
	for _, p := range q.value {
		if parameter >= 0 && p.parameter == parameter {
			return true
		}
	}
	return false
}
