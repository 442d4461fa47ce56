package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/api/auth"
	"tributary/upstream/aggregate"
)

// problem is an RFC 9457 document, and the error that handlers return for it.
type problem struct {
	kind

	Detail   string       `json:"detail,omitempty"`
	Instance string       `json:"instance,omitempty"`
	TraceID  string       `json:"trace_id,omitempty"`
	Errors   []fieldError `json:"errors,omitempty"`

	Outcome   string `json:"outcome,omitempty"`    // for a failed write: unknown or not_done
	RetrySafe *bool  `json:"retry_safe,omitempty"` // whether repeating the write is harmless

	sources    []aggregate.Outcome
	retryAfter time.Duration
	private    bool        // it is about this caller alone: no cache may store it
	header     http.Header // headers to set on the answer
}

// fieldError is one mistake in a request.
type fieldError struct {
	Parameter string  `json:"parameter,omitempty"`
	Pointer   *string `json:"pointer,omitempty"` // "" is the whole body; nil: the mistake is not in the body
	Detail    string  `json:"detail"`
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

// settles reports whether this answer is final, so that an Idempotency-Key stores
// it: repeating the request would give the same answer, or do harm.
func (p *problem) settles() bool {
	if p.Outcome == outcomeUnknown {
		return !*p.RetrySafe
	}
	switch p.Status {
	case http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests:
		return false // may succeed later, or with other headers
	}
	return p.Status < 500
}

// Values of a problem's outcome member.
const (
	outcomeUnknown = "unknown"
	outcomeNotDone = "not_done"
)

var (
	errNoRoute  = notFound.with("nothing exists at this path; /openapi.yaml lists the paths that do")
	errInternal = internalError.with("something went wrong in the gateway; its log has the details, under the trace id")
)

// asProblem maps an error to a problem; no other function chooses statuses.
func asProblem(err error) *problem {
	var (
		p      *problem
		silent *aggregate.NoAnswerError
		denied *auth.Error
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &silent):
		return noAnswerProblem(silent)
	case errors.As(err, &denied):
		return credentialProblem(denied)
	}
	return errInternal
}

// credentialProblem answers a caller whose credentials are missing, invalid or
// insufficient, or cannot be checked.
func credentialProblem(e *auth.Error) *problem {
	byStatus := map[int]kind{http.StatusUnauthorized: unauthorized, http.StatusForbidden: forbidden, http.StatusServiceUnavailable: authUnavailable}
	p := byStatus[e.Status].with(e.Detail)
	p.retryAfter = e.RetryAfter
	if e.Challenge != "" {
		p.header = http.Header{"Www-Authenticate": {e.Challenge}}
	}
	return p
}

// notFoundMaxAge is the max-age of a 404, in seconds.
const notFoundMaxAge = 30

// problem writes the problem document for err.
func (s *server) problem(w http.ResponseWriter, r *http.Request, err error) {
	p, body := s.problemOf(r.Context(), err, r.URL)
	recordProblem(r, p)
	if body == nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	factsOf(r.Context()).problem = p.Code
	h := w.Header()
	for name, values := range p.header {
		h[name] = values
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusNotFound && !p.private {
		h.Set("Cache-Control", "max-age="+strconv.Itoa(notFoundMaxAge))
		if len(p.sources) > 0 && isRead(r) && !factsOf(r.Context()).public { // other callers may get another answer
			h.Add("Vary", "Authorization, X-API-Key")
		}
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	s.serverTiming(h, r, p.sources)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // fails only when the client has disconnected
}

// isRead reports whether a cache may use the answer for other requests.
func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// problemOf returns the problem for err and its document, which is nil if it cannot be
// encoded. An unexpected error is logged, and its text is not in the document.
func (s *server) problemOf(ctx context.Context, err error, u *url.URL) (*problem, []byte) {
	p := *asProblem(err)
	if p.Type == internalError.Type && !errors.Is(err, errInternal) { // a panic is already logged, with its stack
		s.log.LogAttrs(ctx, slog.LevelError, "internal error", slog.Any("error", err))
	}
	p.Instance = instance(u)
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		p.TraceID = sc.TraceID().String()
	}
	body, err := json.Marshal(&p)
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelError, "a problem could not be encoded", slog.Any("error", err))
		return &p, nil
	}
	if len(p.sources) > 0 {
		body = append(body[:len(body)-1], `,"sources":`...)
		body = append(appendSources(body, p.sources), '}')
	}
	return &p, body
}

// instance is a request's path as a URI reference, "/" for a target without a
// path, such as CONNECT's host and port.
func instance(u *url.URL) string {
	path := cmp.Or(u.EscapedPath(), "/")
	if strings.HasPrefix(path, "//") {
		return "/." + path // "//…" would be read as a host (RFC 3986 §3.3)
	}
	return path
}
