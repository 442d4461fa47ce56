package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"tributary/api/admission"
	"tributary/upstream"
)

// refuseEarly comes before everything else. While the limit refuses requests, it refuses
// those that memory cannot answer before they cost a trace, a line in the log, a check of
// credentials and a compressor, which together are most of what a refusal costs. While
// nothing is refused it looks at nothing.
func (s *server) refuseEarly(next http.Handler) http.Handler {
	l := s.Admission
	if l == nil {
		return next
	}
	refuse := crossOrigin(s.Origins)(s.V1.announce(http.HandlerFunc(s.writeRefusal)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v1/") || r.URL.Path == "/v1/status" || r.Method == http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		if !strings.HasSuffix(r.URL.Path, "/stream") { // streams have limits of their own, and last for hours
			ok := l.Arrive()
			defer l.Depart()
			if !ok {
				refuse.ServeHTTP(w, r)
				return
			}
		}
		if l.Closed() {
			if class, asks := s.mustAsk(r); asks && l.RefuseIfFull(class) {
				refuse.ServeHTTP(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// mustAsk reports whether a request certainly needs an upstream, and in which class. A
// write with an Idempotency-Key may have its answer already; who it is from is not known
// here.
func (s *server) mustAsk(r *http.Request) (class admission.Class, asks bool) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return s.lookUp(r)
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		users := r.URL.Path == "/v1/users" || strings.HasPrefix(r.URL.Path, "/v1/users/")
		return admission.Single, users && s.serves(Users) && len(r.Header["Idempotency-Key"]) == 0
	}
	return 0, false
}

// lookUp looks into memory for the answer to a read. A panic is left to the handler, whose
// panics are logged.
func (s *server) lookUp(r *http.Request) (class admission.Class, asks bool) {
	defer func() {
		if recover() != nil {
			asks = false
		}
	}()
	if found, class, asks := s.lookups.lookUp(s.builtIn, r); found {
		return class, asks
	}
	routes := s.declared.begin()
	if routes == nil {
		return 0, false
	}
	defer routes.requests.Done()
	_, class, asks = routes.lookups.lookUp(routes.handler, r)
	return class, asks
}

// lookups look into memory for the answers of the routes that ask upstreams, by pattern.
type lookups map[string]lookup

// lookup reports whether memory has no answer to a request, not even an old one, and the
// class in which it has to ask.
type lookup func(*http.Request) (class admission.Class, asks bool)

// lookUp calls the lookup of a request's route. found is false if routes have no such route.
func (l lookups) lookUp(routes chi.Routes, r *http.Request) (found bool, class admission.Class, asks bool) {
	matched := chi.NewRouteContext()
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = r.URL.RawPath // as chi does
	}
	pattern := routes.Find(matched, http.MethodGet, path)
	if pattern == "" {
		return false, 0, false
	}
	look := l[pattern]
	if look == nil {
		return true, 0, false
	}
	class, asks = look(r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, matched)))
	return true, class, asks
}

// lookup asks a question of memory alone.
func (read reading) lookup(r *http.Request) (class admission.Class, asks bool) {
	q, err := read(r)
	if err != nil {
		return 0, false // it needs nobody
	}
	_, err = q.ask(r.Context(), peeking(r))
	return q.class(), isOverloaded(err)
}

// lookup asks the questions of a batch of memory alone. One answer is enough: the others
// are problems beside it.
func (read batchReading) lookup(r *http.Request) (class admission.Class, asks bool) {
	q, err := read(r)
	if err != nil {
		return 0, false
	}
	entries, err := q.ask(r.Context(), peeking(r))
	if err != nil {
		return 0, false
	}
	return admission.Many, allOverloaded(entries)
}

func peeking(r *http.Request) upstream.Directives {
	d := upstream.ParseDirectives(r.Header)
	d.Peek = true
	return d
}

// writeRefusal answers a request that is refused early. The body is ready but for the
// path and the trace id, and a write's says that nothing was done.
func (s *server) writeRefusal(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Request-Id", requestIDOf(r))
	h.Add("Vary", "Accept-Encoding") // as every answer
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", strconv.Itoa(seconds(retryAfterOverload())))
	parts := &refusalParts
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		parts = &refusalWriteParts
	}
	body := append(make([]byte, 0, 1024), parts[0]...)
	body = append(body, instance(r.URL)...) // percent-encoded: no character of it needs an escape in JSON
	body = append(body, parts[1]...)
	id := s.Telemetry.TraceIDOf(r)
	body = hex.AppendEncode(body, id[:])
	body = append(body, parts[2]...)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusServiceUnavailable)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // fails only when the client has disconnected
	}
}

// The parts of writeRefusal's body, for a read and for a write: what is before the path,
// between that and the trace id, and after it.
var refusalParts, refusalWriteParts = refusal(false), refusal(true)

func refusal(write bool) (parts [3]string) {
	p := gatewayOverloaded.with(overloadedDetail)
	p.Instance, p.TraceID = "@", "@"
	if write {
		p.Outcome, p.RetrySafe = outcomeNotDone, new(true)
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // every string has a JSON form
	}
	copy(parts[:], strings.Split(string(body), "@"))
	return parts
}
