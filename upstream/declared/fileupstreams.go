package declared

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Upstream is an upstream that the file declares.
type Upstream struct {
	Name        string
	Settings    []Setting // defaults of its variables, in the order of the file
	Credentials Credentials

	key scalar
}

// Setting is the default of one variable of an upstream.
type Setting struct {
	Key   string // "fresh_for" is NAME_FRESH_FOR
	Value string

	at scalar
}

// Credentials says how an upstream is told who calls it.
type Credentials struct {
	Kind CredentialsKind
	Name string // of the header or the query parameter
}

// CredentialsKind is a way to send credentials.
type CredentialsKind int

// The ways to send credentials.
const (
	NoCredentials     CredentialsKind = iota
	BearerCredentials                 // NAME_TOKEN, in Authorization
	HeaderCredentials                 // NAME_API_KEY, in a header
	QueryCredentials                  // NAME_API_KEY, in a query parameter
	CallerCredentials                 // the caller's own token
)

// SettingKeys are the keys of an upstream that are defaults of its variables.
var SettingKeys = []string{
	"url", "timeout", "retries", "retry_delay", "retry_max_delay", "hedge_quantile", "max_concurrent", "rate_limit",
	"breaker_failure_rate", "breaker_min_calls", "breaker_window", "breaker_delay", "fresh_for", "revalidate_for", "stale_for",
}

var (
	upstreamName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	partName     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	headerName   = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // RFC 9110 §5.6.2
)

// takenNames are words that the program prints beside the names of upstreams.
var takenNames = []string{"api", "admin", "sim", "ready", "key"}

func (r *reader) upstreams(section member) (all []*Upstream) {
	for m := range r.mapping(section.value, section.where) {
		u := &Upstream{Name: m.name(), key: newScalar(m.key)}
		switch {
		case !upstreamName.MatchString(u.Name):
			r.refuse(m.key, m.where, "a name of an upstream has lower-case letters, digits and _, and begins with a letter")
			continue
		case slices.Contains(takenNames, u.Name), len(u.Name) >= 4 && u.Name[:4] == "otel":
			r.refuse(m.key, m.where, "the name is taken by the gateway itself")
			continue
		}
		all = append(all, u)
		if m.value.Tag == "!!null" {
			continue // nothing but defaults
		}
		for field := range r.fields(m.value, m.where, append([]string{"credentials"}, SettingKeys...)...) {
			if field.name() == "credentials" {
				u.Credentials = r.credentials(field)
				continue
			}
			if s, ok := r.scalar(field.value, field.where); ok {
				u.Settings = append(u.Settings, Setting{field.name(), s.text, s})
			}
		}
	}
	return all
}

func (r *reader) credentials(m member) Credentials {
	const kinds = "must be none, bearer, caller, {header: NAME} or {query: NAME}"
	if m.value.Kind == yaml.ScalarNode {
		words := map[string]CredentialsKind{"none": NoCredentials, "bearer": BearerCredentials, "caller": CallerCredentials}
		s, ok := r.scalar(m.value, m.where)
		kind, known := words[s.text]
		if ok && !known {
			r.mistake(m.value, m.where, kinds)
		}
		return Credentials{Kind: kind}
	}
	if m.value.Kind == yaml.MappingNode && len(m.value.Content) == 0 {
		r.mistake(m.value, m.where, kinds)
	}
	var c Credentials
	for field := range r.fields(m.value, m.where, "header", "query") {
		s, ok := r.scalar(field.value, field.where)
		switch {
		case !ok:
		case c.Kind != NoCredentials:
			r.mistake(field.key, field.where, "goes alone: a header or a query parameter, not both")
		case field.name() == "query" && !isQueryName(s.text):
			r.mistake(field.value, field.where, "is not a plain name of a query parameter")
		case field.name() == "query":
			c = Credentials{QueryCredentials, s.text}
		case !headerName.MatchString(s.text):
			r.mistake(field.value, field.where, "is not the name of a header")
		case slices.Contains(ownHeaders, http.CanonicalHeaderKey(s.text)):
			r.mistake(field.value, field.where, "the gateway itself decides this header")
		default:
			c = Credentials{HeaderCredentials, s.text}
		}
	}
	return c
}

// ownHeaders are the headers that the gateway or its HTTP client sets.
var ownHeaders = []string{
	"Host", "Content-Length", "Connection", "Transfer-Encoding", "Accept-Encoding", "Traceparent", "Tracestate",
	"If-None-Match", "If-Modified-Since", "User-Agent",
}

// isQueryName reports whether a name stands in a query as it is.
func isQueryName(name string) bool {
	return name != "" && !strings.ContainsAny(name, "&=#?%+;{}") && !strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f })
}

// MistakeIn is what is wrong with a setting of an upstream.
func (f *File) MistakeIn(u *Upstream, s Setting, what string) Mistake {
	return Mistake{f.Name, s.at.line, s.at.column, "upstreams." + u.Name + "." + s.Key, what}
}

// MistakeWith is what is wrong with an upstream as a whole.
func (f *File) MistakeWith(u *Upstream, what string) Mistake {
	return Mistake{f.Name, u.key.line, u.key.column, "upstreams." + u.Name, what}
}
