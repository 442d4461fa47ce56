package declared

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
)

// Simulation answers in place of the upstreams that a file declares: GET requests of
// their sources, with values that are made up by the sources' schemas. The same
// request has the same answer. It is safe for concurrent use.
type Simulation struct {
	upstreams atomic.Pointer[map[string]*simulatedUpstream] // by name
}

type simulatedUpstream struct {
	credentials Credentials
	sources     []*simulatedSource // the most specific first
}

// NewSimulation makes a simulation of the upstreams of a definition.
func NewSimulation(d *Definition) *Simulation {
	s := &Simulation{}
	s.Use(d)
	return s
}

// Use answers by another definition from the next request on.
func (s *Simulation) Use(d *Definition) {
	all := make(map[string]*simulatedUpstream)
	for _, u := range d.file.Upstreams {
		all[u.Name] = &simulatedUpstream{credentials: u.Credentials}
	}
	for _, source := range d.sources {
		if u := all[source.upstream]; u != nil { // else it is built in
			u.sources = append(u.sources, newSimulatedSource(source))
		}
	}
	for _, u := range all {
		slices.SortStableFunc(u.sources, func(a, b *simulatedSource) int {
			return cmp.Or(cmp.Compare(len(a.inPath), len(b.inPath)), cmp.Compare(len(b.template.query), len(a.template.query)))
		})
	}
	s.upstreams.Store(&all)
}

// Handler answers as the upstream of that name. An upstream that the definition no
// longer has answers 404.
func (s *Simulation) Handler(upstream string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := (*s.upstreams.Load())[upstream]
		if u == nil {
			u = &simulatedUpstream{}
		}
		u.ServeHTTP(w, r)
	})
}

// Route is the path of the source that a request to an upstream is for, as the file
// has it; "" if it is for none.
func (s *Simulation) Route(upstream string, r *http.Request) string {
	if u := (*s.upstreams.Load())[upstream]; u != nil {
		for _, source := range u.sources {
			if source.path.MatchString(r.URL.EscapedPath()) {
				return source.template.route
			}
		}
	}
	return ""
}

func (u *simulatedUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if missing := u.credentials.missing(r); missing != "" {
		w.Header().Set("WWW-Authenticate", "Bearer") // RFC 9110 §11.6.1 wants one of every 401
		simulatedError(w, http.StatusUnauthorized, "credentials are missing: "+missing)
		return
	}
	source, values, keys := u.find(r)
	switch {
	case source == nil:
		simulatedError(w, http.StatusNotFound, "no source asks for this path; sources ask for "+cmp.Or(strings.Join(u.templates(), " "), "nothing here"))
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		simulatedError(w, http.StatusMethodNotAllowed, "sources ask with GET")
	case values == nil:
		simulatedError(w, http.StatusBadRequest, "the request is not of the form "+source.form())
	default:
		simulatedAnswer(w, r, source.body(values, keys))
	}
}

// find is the source that a request is for, with the values of its parameters and the
// keys of a batch. values is nil if only the path is a source's.
func (u *simulatedUpstream) find(r *http.Request) (_ *simulatedSource, values, keys []string) {
	var byPath *simulatedSource
	for _, source := range u.sources {
		if !source.path.MatchString(r.URL.EscapedPath()) {
			continue
		}
		if values, keys, ok := source.read(r); ok {
			return source, values, keys
		}
		byPath = cmp.Or(byPath, source)
	}
	return byPath, nil, nil
}

func (u *simulatedUpstream) templates() (all []string) {
	for _, source := range u.sources {
		all = append(all, source.form())
	}
	return all
}

// missing is what a request lacks of the credentials, "" if nothing. Any secret will do.
func (c Credentials) missing(r *http.Request) string {
	switch c.Kind {
	case BearerCredentials, CallerCredentials:
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
			return "the header Authorization: Bearer TOKEN"
		}
	case HeaderCredentials:
		if r.Header.Get(c.Name) == "" {
			return "the header " + c.Name
		}
	case QueryCredentials:
		if r.URL.Query().Get(c.Name) == "" {
			return "the query parameter " + c.Name
		}
	}
	return ""
}

// simulatedAnswer sends an answer, or says that the client has it.
func simulatedAnswer(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", "W/"+tag)
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(known), "W/") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

func simulatedError(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(appendText([]byte(`{"error":`), text), '}'))
}
