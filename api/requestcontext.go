package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"tributary/api/auth"
	"tributary/telemetry"
	"tributary/upstream"
)

// requestContext is the context of a request's handlers, with all that they know of the
// request. It is one value: contexts that add a value each, with a copy of the request for
// each, were a third of the allocations of an answer from the cache. It is not pooled,
// because a fetch that outlives its request still holds it.
type requestContext struct {
	telemetry.Serving
	budget budget
	facts  facts
	caller auth.Caller
}

// serve serves each request with a context for it.
func (s *server) serve(routes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := new(requestContext)
		c.facts.requestID = identify(w, r)
		s.Telemetry.Serve(c, &c.Serving, routes, w, r)
	})
}

// Value implements context.Context.
func (c *requestContext) Value(key any) any {
	switch key {
	case factsKey{}:
		return &c.facts
	case auth.ContextKey{}:
		return &c.caller
	case budgetKey{}:
		return &c.budget
	}
	return c.budget.of(&c.Serving, false).Value(key) // how contexts find what ends them
}

// Deadline implements context.Context.
func (c *requestContext) Deadline() (time.Time, bool) { return c.timed().Deadline() }

// Done implements context.Context.
func (c *requestContext) Done() <-chan struct{} { return c.timed().Done() }

// Err implements context.Context.
func (c *requestContext) Err() error { return c.timed().Err() }

func (c *requestContext) timed() context.Context { return c.budget.of(&c.Serving, true) }

// isRequestID reports whether a caller's X-Request-Id is accepted: it is copied into logs
// and headers.
func isRequestID(id string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:/+=-"
	return 0 < len(id) && len(id) <= 128 && strings.Trim(id, letters) == ""
}

// identify gives a request an id: the caller's if it is valid, else a new one.
func identify(w http.ResponseWriter, r *http.Request) string {
	id := requestIDOf(r)
	w.Header()["X-Request-Id"] = []string{id}
	return id
}

func requestIDOf(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); isRequestID(id) {
		return id
	}
	return rand.Text()
}

// facts are details of a request that a handler knows and the log and trace need.
type facts struct {
	requestID string
	address   netip.Addr // the client's, below /v1
	degraded  bool
	caller    string // for the log; "" if anonymous
	problem   string // the code of the problem that was answered
	head      bool   // it came as HEAD, and is handled as GET
	public    bool   // anonymous callers get the same answer
	permit    permit // to ask upstreams
}

// factsKey is upstream's: what a request may ask is one of its facts.
type factsKey = upstream.AdmissionKey

func factsOf(ctx context.Context) *facts {
	f, ok := ctx.Value(factsKey{}).(*facts)
	if !ok {
		return &facts{} // outside the middleware; never read
	}
	return f
}
