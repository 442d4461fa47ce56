package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"github.com/go-chi/chi/v5"

	"tributary/api/auth"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared"
)

// declaredRoutes serves the endpoints of one table.
type declaredRoutes struct {
	table    *declared.Table
	handler  chi.Router
	lookups  lookups
	document func() []byte // openapi.yaml with these endpoints
	requests sync.WaitGroup
	replaced chan struct{} // closed when other routes are served; streams end then
}

// current is what is served now. Requests go on with the routes that they began with.
type current struct {
	mu     sync.RWMutex
	routes *declaredRoutes // nil: no endpoint is declared
}

// begin is the routes for a request. Call requests.Done on them at its end.
func (c *current) begin() *declaredRoutes {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.routes != nil {
		c.routes.requests.Add(1)
	}
	return c.routes
}

// replace serves other routes from now on. wait returns when no request uses the ones
// before any more.
func (c *current) replace(routes *declaredRoutes) (wait func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.routes
	c.routes = routes
	if before == nil {
		return func() {}
	}
	close(before.replaced)
	return before.requests.Wait
}

// Declare serves the endpoints of a table, with document as /openapi.yaml, in place of
// those before. wait returns when no request uses the table before any more.
func (a *API) Declare(t *declared.Table, document func() []byte) (wait func()) {
	return a.server.declared.replace(a.server.newDeclaredRoutes(t, document))
}

func (s *server) newDeclaredRoutes(t *declared.Table, document func() []byte) *declaredRoutes {
	mux, replaced, looks := chi.NewRouter(), make(chan struct{}), make(lookups)
	mux.NotFound(s.handle(noRoute))
	mux.MethodNotAllowed(s.handle(s.otherMethods(mux)))
	mux.Group(func(r chi.Router) {
		r.Use(s.V1.announce, s.clientAddress, s.Auth.Middleware(s.refuse), s.limit, s.admit)
		for _, e := range t.Endpoints {
			middlewares := chi.Middlewares{Lifecycle{e.Deprecated, e.Sunset, e.Successor}.announce}
			if e.Scope != declared.OpenToAll {
				middlewares = append(middlewares, s.Auth.Require(e.Scope, s.problem))
			}
			r, read := r.With(middlewares...), s.declaredQuestion(t, e)
			looks[e.Path] = read.lookup
			r.With(s.deadline).Get(e.Path, s.ask(read))
			if e.Stream {
				looks[e.StreamPath()] = read.lookup
				r.Get(e.StreamPath(), s.stream(e, read, replaced))
			}
		}
	})
	return &declaredRoutes{table: t, handler: mux, lookups: looks, document: document, replaced: replaced}
}

// notBuiltIn serves a declared endpoint, if there is one at the path.
func (s *server) notBuiltIn(w http.ResponseWriter, r *http.Request) {
	routes := s.declared.begin()
	if routes == nil {
		s.handle(noRoute)(w, r)
		return
	}
	defer routes.requests.Done()
	routes.handler.ServeHTTP(w, r)
}

func (s *server) declaredQuestion(t *declared.Table, e *declared.Endpoint) reading {
	public := e.Cache == declared.CachePublic && !e.AsCaller() && (e.Scope == declared.OpenToAll || s.Auth.AnonymousMay(e.Scope))
	return func(r *http.Request) (question, error) {
		query, err := declaredQuery(e, r)
		if err != nil {
			return nil, err
		}
		return asking{
			name: query.Key(),
			f: func(ctx context.Context, d upstream.Directives) (reply, error) {
				query.Directives = d
				data, sources, err := t.Answer(ctx, e, query)
				if err != nil {
					return reply{public: public}, declaredProblem(e, err)
				}
				a := reply{data: data.JSON, tag: data.Tag, sources: sources, public: public, personal: e.Cache == declared.CacheRevalidate}
				if query.Caller != nil {
					a.until = query.Caller.Expires
				}
				return a, nil
			},
		}, nil
	}
}

// declaredQuery reads the parameters of an endpoint, and the token that it passes on.
func declaredQuery(e *declared.Endpoint, r *http.Request) (declared.Query, error) {
	q := declared.Query{Parameters: make([]json.RawMessage, len(e.Parameters))}
	if e.AsCaller() {
		token, expires, ok := auth.FromContext(r.Context()).Token()
		if !ok {
			return q, auth.NeedsToken()
		}
		sum := sha256.Sum256([]byte(token))
		q.Caller = &declared.Caller{Token: token, Hash: hex.EncodeToString(sum[:12]), Expires: expires}
	}
	p := parseParams(r)
	for i, parameter := range e.Parameters {
		given := p.all(parameter.Name)
		if parameter.InPath {
			given = []string{pathParam(r, parameter.Name)}
		}
		value, err := parameter.Parse(given)
		if err != nil {
			p.mistake(parameter.Name, "%s", err)
		}
		q.Parameters[i] = value
	}
	return q, p.err()
}

// declaredProblem maps the errors that only declared endpoints have.
func declaredProblem(e *declared.Endpoint, err error) error {
	if _, ok := errors.AsType[*declared.ParameterError](err); ok {
		return wrongParameters(err)
	}
	if refused, ok := errors.AsType[*declared.CallerRefusedError](err); ok {
		p := forbidden.with("an upstream does not allow this to the caller's token: " + refused.Part)
		if refused.Code == upstream.CodeUnauthorized {
			p = credentialProblem(auth.TokenRefused("an upstream refuses the token: " + refused.Part))
		}
		p.sources = refused.Sources
		return p
	}
	if silent, ok := errors.AsType[*aggregate.NoAnswerError](err); ok && e.AsCaller() {
		p := noAnswerProblem(silent)
		p.private = true
		return p
	}
	return configurationProblem(err)
}

// wrongParameters lists the *declared.ParameterErrors that err is, or that it joins.
func wrongParameters(err error) error {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	p := &params{}
	for _, err := range all {
		if wrong, ok := errors.AsType[*declared.ParameterError](err); ok {
			p.mistake(wrong.Parameter, "%s", wrong.Detail)
		}
	}
	return p.err()
}
