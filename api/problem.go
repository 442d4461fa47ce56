package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/api/auth"
	"tributary/upstream"
)

// problem is an RFC 9457 document and the error that handlers return for it.
type problem struct {
	kind

	Detail   string       `json:"detail,omitempty"`
	Instance string       `json:"instance,omitempty"`
	TraceID  string       `json:"trace_id,omitempty"`
	Errors   []fieldError `json:"errors,omitempty"`

	Outcome   string `json:"outcome,omitempty"`    // of a write that failed: unknown or not_done
	RetrySafe *bool  `json:"retry_safe,omitempty"` // repeating it does no harm

	sources    []upstream.Outcome
	retryAfter time.Duration
	header     http.Header // more headers of the answer
}

// kind is what all problems of one type have in common. Its explanation is
// served at its type.
type kind struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`

	explanation string
}

// fieldError is one mistake in a request.
type fieldError struct {
	Parameter string `json:"parameter,omitempty"`
	Pointer   string `json:"pointer,omitempty"`
	Detail    string `json:"detail"`
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

var (
	invalidParameters = newKind("invalid-parameters", http.StatusBadRequest, "Invalid parameters",
		"One or more parameters break a rule. Every mistake is listed in `errors`, with the parameter and its rule.")
	unauthorized = newKind("unauthorized", http.StatusUnauthorized, "Credentials are missing or wrong",
		"The request needs an API key or a token, or came with one that is no good. WWW-Authenticate and `detail` say which.")
	forbidden = newKind("forbidden", http.StatusForbidden, "Not allowed",
		"The caller may not do this: its credentials lack the scope that is named, or nobody can have it as this gateway is configured.")
	authUnavailable = newKind("auth-unavailable", http.StatusServiceUnavailable, "Credentials cannot be checked",
		"The token may be good, but the keys of its issuer have not been read yet. Come back after Retry-After.")
	notFound = newKind("not-found", http.StatusNotFound, "Not found",
		"There is nothing at this path, or the place or thing that was asked for does not exist as far as its source knows. A source's word that something does not exist is remembered for 30 seconds.")
	methodNotAllowed = newKind("method-not-allowed", http.StatusMethodNotAllowed, "Method not allowed",
		"The path exists, but not for this method. The Allow header lists those it has.")
	notAcceptable = newKind("not-acceptable", http.StatusNotAcceptable, "Not acceptable",
		"The Accept header rules out every form that this answer has. Answers are application/json.")
	conflict = newKind("conflict", http.StatusConflict, "Conflict",
		"The directory says that the change contradicts what it has.")
	stillRunning = newKind("still-running", http.StatusConflict, "Still running",
		"The first request with this Idempotency-Key has not been answered yet. Come back after Retry-After with the same key.")
	keyReused = newKind("key-reused", http.StatusUnprocessableEntity, "Idempotency-Key reused",
		"This Idempotency-Key came with another request before. A new request wants a new key; a repeated one must be the same to the byte.")
	invalidBody = newKind("invalid-body", http.StatusBadRequest, "Invalid body",
		"The body is not what its media type says: a JSON object, complete and once.")
	invalidFields = newKind("invalid-fields", http.StatusUnprocessableEntity, "Invalid fields",
		"The body is JSON, but members of it break a rule. Every mistake is listed in `errors`, with a JSON pointer (RFC 6901) and the rule.")
	refusedByDirectory = newKind("refused-by-directory", http.StatusUnprocessableEntity, "Refused by the directory",
		"The body keeps our rules, but the directory of users has others, and did not take it. Nothing was changed.")
	unsupportedMediaType = newKind("unsupported-media-type", http.StatusUnsupportedMediaType, "Unsupported media type",
		"Bodies are application/json; for PATCH application/merge-patch+json does as well.")
	tooManyRequests = newKind("too-many-requests", http.StatusTooManyRequests, "Too many requests",
		"The client, an API key, a token or an address, has used up what it may ask in a while. RateLimit-Policy says how much that is, RateLimit what is left, Retry-After when the next request is welcome.")
	overloaded = newKind("overloaded", http.StatusServiceUnavailable, "Overloaded",
		"The gateway remembers as many Idempotency-Keys as it has room for, or as many as one caller may have, and nothing was sent. Retry-After is when the oldest key expires.")
	writeFailed = newKind("write-failed", http.StatusBadGateway, "The write failed",
		"The directory did not confirm the write. With `outcome` \"unknown\" it may have been carried out all the same: look before you repeat it, unless `retry_safe` is true. With \"not_done\" it was not. The status is 504 after a time-out; 503 when the write was not sent, because the directory is being left alone or because Redis, which the replicas share, did not take its Idempotency-Key; else 502.")
	bodyTooLarge = newKind("body-too-large", http.StatusRequestEntityTooLarge, "Body too large",
		"A request's body may have 1 MiB at most.")
	allSourcesFailed = newKind("all-sources-failed", http.StatusBadGateway, "No source could answer",
		"Every source that was asked failed, and nothing that it said earlier is young enough to be served. `sources` says what happened to each, as `meta.sources` does in an answer. The status is 503 when a circuit breaker, a quota, a limit on calls in flight or its own wish to be left alone kept one of them from being asked: come back after Retry-After. It is 504 when all timed out, else 502.")
	notCached = newKind("not-cached", http.StatusGatewayTimeout, "Not cached",
		"The request wanted nobody to be asked (Cache-Control: only-if-cached), and what is remembered does not do. Ask without it.")
	notConfigured = newKind("not-configured", http.StatusNotImplemented, "Not configured",
		"This gateway runs with the upstream that the answer needs switched off.")
	internalError = newKind("internal-error", http.StatusInternalServerError, "Internal error",
		"Something went wrong on our side. The log has the rest, under the trace id.")
)

// kinds are all problem types, by the last segment of their type.
var kinds = func() map[string]kind {
	m := make(map[string]kind)
	for _, k := range []kind{invalidParameters, unauthorized, forbidden, authUnavailable, notFound, methodNotAllowed, notAcceptable, conflict, stillRunning, keyReused, invalidBody, invalidFields, refusedByDirectory, unsupportedMediaType, tooManyRequests, overloaded, writeFailed, bodyTooLarge, allSourcesFailed, notCached, notConfigured, internalError} {
		m[k.slug()] = k
	}
	return m
}()

const problemPath = "/problems/"

func newKind(slug string, status int, title, explanation string) kind {
	code := []byte(slug)
	for i, c := range code {
		if c == '-' {
			code[i] = '_'
		}
	}
	return kind{Type: problemPath + slug, Title: title, Status: status, Code: string(code), explanation: explanation}
}

func (k kind) slug() string { return k.Type[len(problemPath):] }

// with makes a problem of this kind.
func (k kind) with(detail string) *problem { return &problem{kind: k, Detail: detail} }

var (
	errNothingHere = notFound.with("there is nothing at this path; /openapi.yaml lists what there is")
	errInternal    = internalError.with("something went wrong on our side; the log has the rest, under the trace id")
)

// settles says that repeating the request would only bring the same answer, or
// harm: an Idempotency-Key keeps it.
func (p *problem) settles() bool {
	if p.Outcome == outcomeUnknown {
		return !*p.RetrySafe
	}
	switch p.Status {
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests:
		return false // the same bytes may do with another header, or later
	}
	return p.Status < 500
}

// What is known of a write that failed.
const (
	outcomeUnknown = "unknown"
	outcomeNotDone = "not_done"
)

// asProblem is the one place that turns errors into statuses.
func asProblem(err error) *problem {
	var (
		p      *problem
		silent *upstream.NoAnswerError
		denied *auth.Error
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &silent):
		return unanswered(silent)
	case errors.As(err, &denied):
		return refused(denied)
	}
	return errInternal
}

// refused is the problem of a caller who may not.
func refused(e *auth.Error) *problem {
	kinds := map[int]kind{http.StatusUnauthorized: unauthorized, http.StatusForbidden: forbidden, http.StatusServiceUnavailable: authUnavailable}
	p := kinds[e.Status].with(e.Detail)
	p.retryAfter = e.RetryAfter
	if e.Challenge != "" {
		p.header = http.Header{"Www-Authenticate": {e.Challenge}}
	}
	return p
}

// unanswered is the problem of an aggregate that has nothing to give.
func unanswered(e *upstream.NoAnswerError) *problem {
	if e.NotFound() {
		p := notFound.with(e.Subject + " is not known to any source")
		p.sources = e.Sources
		return p
	}
	if slices.ContainsFunc(e.Sources, notAsked) {
		p := notCached.with("it is not remembered, and nobody was to be asked")
		p.sources = e.Sources
		return p
	}
	p := allSourcesFailed.with("no source could answer, and nothing young enough is remembered")
	p.sources = e.Sources
	timeouts, failures := 0, 0
	for _, o := range e.Sources {
		if o.Err == nil || o.State != upstream.Failed {
			continue
		}
		failures++
		switch {
		case refusal(o):
			p.Status = http.StatusServiceUnavailable
			if wait := max(time.Second, o.Err.RetryAfter); p.retryAfter == 0 || wait < p.retryAfter {
				p.retryAfter = wait // the first that may be back is enough
			}
		case o.Err.Code == upstream.CodeTimeout:
			timeouts++
		}
	}
	if timeouts == failures && failures > 0 {
		p.Status = http.StatusGatewayTimeout
	}
	return p
}

// refusal reports whether a source could not be asked for now: by a policy, a
// quota, or because its upstream has asked to be left alone.
func refusal(o upstream.Outcome) bool {
	switch o.Err.Code {
	case upstream.CodeCircuitOpen, upstream.CodeRateLimited, upstream.CodeOverloaded:
		return true
	}
	return o.Attempts == 0 && o.Err.RetryAfter > 0
}

func notAsked(o upstream.Outcome) bool { return o.Err != nil && o.Err.Code == upstream.CodeNotCached }

// problem answers with the problem that err is. What nobody foresaw keeps its
// detail for the log.
func (s *server) problem(w http.ResponseWriter, r *http.Request, err error) {
	p := *asProblem(err)
	if p.Type == internalError.Type && !errors.Is(err, errInternal) { // a panic has been logged, with its stack
		s.log.LogAttrs(r.Context(), slog.LevelError, "internal error", slog.Any("error", err))
	}
	p.Instance = r.URL.EscapedPath() // a URI reference
	if strings.HasPrefix(p.Instance, "//") {
		p.Instance = "/." + p.Instance // a path still, and not a host (RFC 3986 §3.3)
	}
	if sc := trace.SpanContextFromContext(r.Context()); sc.IsValid() {
		p.TraceID = sc.TraceID().String()
	}
	body, err := json.Marshal(&p)
	if err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelError, "a problem could not be encoded", slog.Any("error", err))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if len(p.sources) > 0 {
		body = append(body[:len(body)-1], `,"sources":`...)
		body = append(appendSources(body, p.sources), '}')
	}
	h := w.Header()
	for name, values := range p.header {
		h[name] = values
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusNotFound {
		h.Set("Cache-Control", "max-age=30")
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	s.serverTiming(h, r, p.sources)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // who hung up does not read it
}

// explain serves a problem type's explanation at its URI.
func (s *server) explain(w http.ResponseWriter, r *http.Request) error {
	k, ok := kinds[pathParam(r, "slug")]
	if !ok {
		return notFound.with("no such problem type")
	}
	return writeJSON(w, http.StatusOK, "max-age=86400", struct {
		kind
		Explanation string `json:"explanation"`
	}{k, k.explanation})
}
