package api

import (
	"net/http"
	"strings"
)

// kind holds the members that all problems of one type share. The explanation is
// served at the type's URI.
type kind struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`

	explanation string
}

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
		"The directory did not carry out the write, or did not confirm it. With `outcome` \"not_done\" nothing was changed. With \"unknown\" the write may have been carried out: read the user before you send it again, unless `retry_safe` is true. The status is 504 after a time-out; 503 when the write was not sent, because the circuit is open, a quota is exhausted, too many calls are in flight, the directory has asked for a pause with Retry-After, or Redis, which the replicas share, did not take its Idempotency-Key; else 502.")
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
	for _, k := range []kind{
		invalidParameters, unauthorized, forbidden, authUnavailable, notFound, noData, methodNotAllowed,
		notAcceptable, conflict, preconditionFailed, stillRunning, keyReused, invalidBody, requestTimeout,
		invalidFields, refusedByDirectory, unsupportedMediaType, tooManyRequests, overloaded, writeFailed,
		bodyTooLarge, allSourcesFailed, notCached, gatewayOverloaded, notConfigured, internalError,
	} {
		m[k.slug()] = k
	}
	return m
}()

const problemPath = "/problems/"

func newKind(slug string, status int, title, explanation string) kind {
	return kind{Type: problemPath + slug, Title: title, Status: status, Code: strings.ReplaceAll(slug, "-", "_"), explanation: explanation}
}

func (k kind) slug() string { return k.Type[len(problemPath):] }

// with returns a problem of this kind with a detail.
func (k kind) with(detail string) *problem { return &problem{kind: k, Detail: detail} }
