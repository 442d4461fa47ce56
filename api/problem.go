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
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/api/auth"
	"tributary/upstream"
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

// kind holds the members that all problems of one type share. The explanation is
// served at the type's URI.
type kind struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`

	explanation string
}

// fieldError is one mistake in a request.
type fieldError struct {
	Parameter string  `json:"parameter,omitempty"`
	Pointer   *string `json:"pointer,omitempty"` // "" is the whole body; nil: the mistake is not in the body
	Detail    string  `json:"detail"`
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

var (
	invalidParameters = newKind("invalid-parameters", http.StatusBadRequest, "Invalid parameters",
		"One or more parameters break a rule. `errors` lists every mistake, with the parameter and its rule.")
	unauthorized = newKind("unauthorized", http.StatusUnauthorized, "Credentials are missing or wrong",
		"The request needs an API key or a token, or the one that it sent is not valid, or is not to an upstream that it is passed on to. `detail` and WWW-Authenticate say which.")
	forbidden = newKind("forbidden", http.StatusForbidden, "Not allowed",
		"The caller's credentials lack the scope that `detail` names, or this gateway has no credentials configured that could have it, or an upstream that the caller's token is passed on to does not allow it.")
	authUnavailable = newKind("auth-unavailable", http.StatusServiceUnavailable, "Credentials cannot be checked",
		"The token cannot be checked, because the keys of its issuer have not been read yet. It may be valid: send it again after Retry-After.")
	notFound = newKind("not-found", http.StatusNotFound, "Not found",
		"Nothing exists at this path, or no source knows the place or thing that was asked for. That a source does not know something is cached for 30 seconds.")
	noData = newKind("no-data", http.StatusNotFound, "No data now",
		"The place exists, but no source has anything for it now: an observation is too old or in the future, or the source has no value. `sources` says which. Ask again later; a source is asked again after 5 minutes.")
	methodNotAllowed = newKind("method-not-allowed", http.StatusMethodNotAllowed, "Method not allowed",
		"The path exists, but not for this method. The Allow header lists the methods that it has.")
	notAcceptable = newKind("not-acceptable", http.StatusNotAcceptable, "Not acceptable",
		"The Accept header rules out every form that this answer has. Answers are application/json, and streams text/event-stream.")
	conflict = newKind("conflict", http.StatusConflict, "Conflict",
		"The change contradicts what the directory has. Nothing was changed.")
	preconditionFailed = newKind("precondition-failed", http.StatusPreconditionFailed, "Precondition failed",
		"The user is not, or no longer, one of those that If-Match names, or is one that If-None-Match rules out. Nothing was changed. Read the user again, and send the write with its new ETag if it still makes sense.")
	stillRunning = newKind("still-running", http.StatusConflict, "Still running",
		"The first request with this Idempotency-Key is still running. Send the same request with the same key again after Retry-After.")
	keyReused = newKind("key-reused", http.StatusUnprocessableEntity, "Idempotency-Key reused",
		"This Idempotency-Key was sent with another request before. Use a new key for a new request; a repetition must be the same byte for byte.")
	invalidBody = newKind("invalid-body", http.StatusBadRequest, "Invalid body",
		"The body is not what its media type says: JSON in UTF-8, complete, one value, with no name twice in an object.")
	requestTimeout = newKind("request-timeout", http.StatusRequestTimeout, "Request timeout",
		"The body of the request did not arrive in time, so the connection was closed. Nothing was changed. Send the whole request again, on a new connection.")
	invalidFields = newKind("invalid-fields", http.StatusUnprocessableEntity, "Invalid fields",
		"The body is JSON, but it is not an object, or members of it break a rule. Every mistake is listed in `errors`, with a JSON pointer (RFC 6901) and the rule; the pointer \"\" is the whole body.")
	refusedByDirectory = newKind("refused-by-directory", http.StatusUnprocessableEntity, "Refused by the directory",
		"The body keeps the rules of this gateway, but breaks one of the directory of users. Nothing was changed.")
	unsupportedMediaType = newKind("unsupported-media-type", http.StatusUnsupportedMediaType, "Unsupported media type",
		"Bodies are application/json, or for PATCH application/merge-patch+json, in UTF-8 and not compressed. The answer's Accept says which media types are read, or its Accept-Encoding that no content coding is.")
	tooManyRequests = newKind("too-many-requests", http.StatusTooManyRequests, "Too many requests",
		"The client, which is an API key, a token or an address, has made all the requests that it may make for now, or has as many streams open as it may have, or too many wrong credentials came from its address. RateLimit-Policy says how many requests are allowed, RateLimit how many are left, and Retry-After when to send the next.")
	overloaded = newKind("overloaded", http.StatusServiceUnavailable, "Overloaded",
		"The gateway remembers as many Idempotency-Keys as it has room for, or as many as one caller may have, and nothing was sent; Retry-After is when the oldest key expires. Or it serves as many streams as it can; try again after Retry-After.")
	writeFailed = newKind("write-failed", http.StatusBadGateway, "The write failed",
		"The directory did not carry out the write, or did not confirm it. With `outcome` \"not_done\" nothing was changed. With \"unknown\" the write may have been carried out: read the user before you send it again, unless `retry_safe` is true. The status is 504 after a time-out; 503 when the write was not sent, because the circuit is open, a quota is exhausted, too many calls are in flight, or Redis, which the replicas share, did not take its Idempotency-Key; else 502.")
	bodyTooLarge = newKind("body-too-large", http.StatusRequestEntityTooLarge, "Body too large",
		"A request body may have at most 1 MiB.")
	allSourcesFailed = newKind("all-sources-failed", http.StatusBadGateway, "No source could answer",
		"Every source that was asked failed, and no earlier answer is recent enough to be served. `sources` says what happened to each, as `meta.sources` does in an answer. The status is 503 if an open circuit breaker, a quota, too many calls in flight or the Retry-After of an upstream kept one of them from being asked: try again after Retry-After. It is 504 if all timed out, else 502.")
	notCached = newKind("not-cached", http.StatusGatewayTimeout, "Not cached",
		"The request allowed cached answers only (Cache-Control: only-if-cached), and none is cached that it may use. Send it without only-if-cached.")
	notConfigured = newKind("not-configured", http.StatusNotImplemented, "Not configured",
		"An upstream that the answer needs is switched off in this gateway's configuration.")
	internalError = newKind("internal-error", http.StatusInternalServerError, "Internal error",
		"Something went wrong in the gateway. Its log has the details, under the `trace_id` of this answer.")
)

// kinds are all problem types by slug, the last segment of the type's URI.
var kinds = func() map[string]kind {
	m := make(map[string]kind)
	for _, k := range []kind{invalidParameters, unauthorized, forbidden, authUnavailable, notFound, noData, methodNotAllowed, notAcceptable, conflict, preconditionFailed, stillRunning, keyReused, invalidBody, requestTimeout, invalidFields, refusedByDirectory, unsupportedMediaType, tooManyRequests, overloaded, writeFailed, bodyTooLarge, allSourcesFailed, notCached, gatewayOverloaded, notConfigured, internalError} {
		m[k.slug()] = k
	}
	return m
}()

// notFoundMaxAge is the max-age of a 404, in seconds.
const notFoundMaxAge = 30

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

// with returns a problem of this kind with a detail.
func (k kind) with(detail string) *problem { return &problem{kind: k, Detail: detail} }

var (
	errNoRoute  = notFound.with("nothing exists at this path; /openapi.yaml lists the paths that do")
	errInternal = internalError.with("something went wrong in the gateway; its log has the details, under the trace id")
)

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
// insufficient.
func credentialProblem(e *auth.Error) *problem {
	kinds := map[int]kind{http.StatusUnauthorized: unauthorized, http.StatusForbidden: forbidden, http.StatusServiceUnavailable: authUnavailable}
	p := kinds[e.Status].with(e.Detail)
	p.retryAfter = e.RetryAfter
	if e.Challenge != "" {
		p.header = http.Header{"Www-Authenticate": {e.Challenge}}
	}
	return p
}

// noAnswerProblem answers for an aggregate none of whose sources had data.
func noAnswerProblem(e *aggregate.NoAnswerError) *problem {
	if e.NotFound() {
		p := notFound.with(e.Subject + " is not known to any source")
		p.sources = e.Sources
		return p
	}
	if e.NoData() {
		p := noData.with("no source has data about " + e.Subject + " now")
		p.sources = e.Sources
		return p
	}
	if slices.ContainsFunc(e.Sources, refusedByUs) {
		return overload(e.Sources)
	}
	if slices.ContainsFunc(e.Sources, notCachedOutcome) {
		p := notCached.with("not cached, and only-if-cached forbids asking the sources")
		p.sources = e.Sources
		return p
	}
	p := allSourcesFailed.with("no source could answer, and no earlier answer is recent enough")
	p.sources = e.Sources
	timeouts, failures := 0, 0
	for _, o := range e.Sources {
		if o.Err == nil || o.State != upstream.Failed {
			continue
		}
		failures++
		switch {
		case temporarilyRefused(o):
			p.Status = http.StatusServiceUnavailable
			if wait := max(time.Second, o.Err.RetryAfter); p.retryAfter == 0 || wait < p.retryAfter {
				p.retryAfter = wait // retry when the first source is available again
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

// temporarilyRefused reports whether a source was not called because of a policy, a
// quota or the upstream's Retry-After, and may be called later. An upstream that
// rejects our credentials does not count: it never says when it will accept them.
func temporarilyRefused(o aggregate.Outcome) bool {
	switch o.Err.Code {
	case upstream.CodeCircuitOpen, upstream.CodeRateLimited, upstream.CodeOverloaded:
		return true
	case upstream.CodeUnauthorized, upstream.CodeForbidden:
		return false
	}
	return o.Attempts == 0 && o.Err.RetryAfter > 0
}

func notCachedOutcome(o aggregate.Outcome) bool {
	return o.Err != nil && o.Err.Code == upstream.CodeNotCached
}

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
		if len(p.sources) > 0 && !s.PublicReads { // another caller may be told something else
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

// problemOf returns the problem for err, and its document; no document if it cannot be
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
