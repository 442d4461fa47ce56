package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/trace"

	"tributary/api/auth"
)

// logAttrs appends what the access log adds to a line.
func logAttrs(r *http.Request, attrs []slog.Attr) []slog.Attr {
	f := factsOf(r.Context())
	attrs = append(attrs, slog.String("request_id", f.requestID), slog.Bool("degraded", f.degraded))
	if f.caller != "" {
		attrs = append(attrs, slog.String("caller", f.caller))
	}
	if f.problem != "" {
		attrs = append(attrs, slog.String("problem", f.problem))
	}
	return attrs
}

// noteCaller remembers who calls, for the log.
func noteCaller(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		factsOf(r.Context()).caller = callerForLog(auth.FromContext(r.Context()).Name)
		next.ServeHTTP(w, r)
	})
}

// callerForLog is the name of an API key, or a token's subject. The log has no mail
// addresses, which some issuers use as subjects, and no long or odd text.
func callerForLog(name string) string {
	if strings.Contains(name, "@") {
		return "(mail address)"
	}
	return printable(name)
}

const maxCaller = 64

// printable is a text for one line of a log: without control characters, and not long.
func printable(text string) string {
	text = strings.ToValidUTF8(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, text), "")
	if runes := []rune(text); len(runes) > maxCaller {
		return string(runes[:maxCaller]) + "…"
	}
	return text
}

// recoverer turns a panic into a 500 that is logged once and recorded on the span,
// so that one broken request does not stop the process.
func (s *server) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p) // net/http expects this panic: it closes the connection
			}
			s.panicked(r.Context(), p)
			s.problem(w, r, errInternal)
		}()
		next.ServeHTTP(w, r)
	})
}

// panicked logs a recovered panic. The answer's 500 marks the span as failed; the
// recorded error says why.
func (s *server) panicked(ctx context.Context, p any) {
	trace.SpanFromContext(ctx).RecordError(fmt.Errorf("panic: %v", p))
	s.log.LogAttrs(ctx, slog.LevelError, "panic in a handler",
		slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
}

// maxBody is the largest request body, in bytes.
const maxBody = 1 << 20

// limitBody limits the size of a body, and the time in which it arrives. net/http reads
// what a handler leaves of it before it sends the answer.
func (s *server) limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBody {
			w.Header().Set("Connection", "close") // the rest of the body is still on the connection
			s.problem(w, r, bodyTooLarge.with("the body may have 1 MiB at most"))
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			limitReading(w, r, time.Now().Add(s.RequestTimeout))
		}
		next.ServeHTTP(w, r)
	})
}

// deadline sets the time budget of a request; limitBody sets that of reading its body.
// Work that outlives the request, such as a collapsed fetch, has its own time-out.
func (s *server) deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		budget := r.Context().Value(budgetKey{}).(*budget)
		budget.begin(time.Now().Add(s.RequestTimeout))
		defer budget.end()
		next.ServeHTTP(w, r)
	})
}

// noRoute answers for paths that do not exist, and for OPTIONS *, which asks about
// the server as a whole (RFC 9110 §9.3.7).
func noRoute(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodOptions && r.URL.Path == "*" {
		w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return errNoRoute
}

// otherMethods answers methods that a path has no handler for: OPTIONS lists the
// allowed methods (RFC 9110 §9.3.7), any other method is a 405 with the same list
// (§15.5.6). A target without a path, as in CONNECT, counts as "/".
func (s *server) otherMethods(routes chi.Routes) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		allowed := allowedMethods(routes, cmp.Or(r.URL.Path, "/"))
		if len(allowed) == 0 { // a method that chi does not know, at a path that does not exist
			return errNoRoute
		}
		list := strings.Join(allowed, ", ")
		if r.Method == http.MethodOptions {
			w.Header().Set("Allow", list)
			if slices.Contains(allowed, http.MethodPatch) {
				w.Header().Set("Accept-Patch", "application/merge-patch+json, application/json") // RFC 5789 §3.1
			}
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		p := methodNotAllowed.with("the methods of this path are " + list)
		p.header = http.Header{"Allow": {list}}
		return p
	}
}

// allowedMethods returns the methods of a path, none if it does not exist. HEAD has no
// routes of its own: GET implies it.
func allowedMethods(routes chi.Routes, path string) (allowed []string) {
	has := func(method string) bool { return routes.Match(chi.NewRouteContext(), method, path) }
	if has(http.MethodGet) {
		allowed = append(allowed, http.MethodGet, http.MethodHead)
	}
	for _, m := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if has(m) {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) > 0 {
		allowed = append(allowed, http.MethodOptions)
	}
	return allowed
}
