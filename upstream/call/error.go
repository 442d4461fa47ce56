package call

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Code classifies a failure of an upstream. The values are part of the public
// contract: they appear in meta, in problems, on spans and in metrics.
type Code string

// The codes of failures.
const (
	CodeTimeout         Code = "timeout"          // no complete answer in time
	CodeConnection      Code = "connection"       // refused, reset, DNS, TLS
	CodeRateLimited     Code = "rate_limited"     // the quota is exhausted, by its count or by ours
	CodeUnauthorized    Code = "unauthorized"     // our credentials were refused
	CodeForbidden       Code = "forbidden"        // our credentials do not allow this
	CodeNotFound        Code = "not_found"        // it says that the thing does not exist
	CodeBadRequest      Code = "bad_request"      // it refused the request
	CodeServerError     Code = "server_error"     // a status of 500 and above
	CodeInvalidResponse Code = "invalid_response" // the answer breaks the format or a rule
	CodeNoData          Code = "no_data"          // a valid answer without a value for the present
	CodeCircuitOpen     Code = "circuit_open"     // not asked: its circuit breaker is open
	CodeOverloaded      Code = "overloaded"       // not asked: too many calls in flight
	CodeCanceled        Code = "canceled"         // the caller left, or we are shutting down
	CodeNotCached       Code = "not_cached"       // not cached, and the caller's only-if-cached forbids asking
)

// Error is the only error that this package returns: a code for programs and a detail
// for people. Its text never has a URL, a header or a credential. It is not changed
// after it was returned.
type Error struct {
	Code   Code
	Detail string

	// Status is the HTTP status that came back, 0 when none did.
	Status int

	// RetryAfter is how long to wait after the failure, because the upstream said so or
	// because of our limits; 0: not known.
	RetryAfter time.Duration

	// Uncertain means that a failed write may have been carried out.
	Uncertain bool

	// Gateway means that the gateway itself is overloaded, and not the upstream.
	Gateway bool
}

// Errorf returns an Error. Its text may quote at most a short and harmless piece of what
// came from outside.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Invalid is err as what is wrong with an answer: an *Error stays what it is,
// any other is an invalid_response.
func Invalid(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	const most = 200 // bytes of a detail
	detail := err.Error()
	if len(detail) > most {
		detail = detail[:most]
	}
	// Invalid UTF-8 in one attribute makes the exporter drop a whole batch.
	return &Error{Code: CodeInvalidResponse, Detail: strings.ToValidUTF8(detail, "")}
}

// Brief is Detail without the provider's own words, which may quote the question.
func (e *Error) Brief() string {
	if e.Status < 400 {
		return e.Detail
	}
	brief, _, _ := strings.Cut(e.Detail, ": ")
	return brief
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Detail
}

// Unwell reports whether the failure shows that the upstream does not work. Only such
// failures count for its circuit breaker: a 404 or a 401 is an answer.
func (e *Error) Unwell() bool {
	switch e.Code {
	case CodeTimeout, CodeConnection, CodeServerError, CodeInvalidResponse:
		return true
	}
	return false
}

// Unavailable reports whether the upstream says that the thing does not exist or must
// not be shown. A cached answer is then removed, and not served as stale.
func (e *Error) Unavailable() bool {
	return e.Code == CodeNotFound || e.Status == http.StatusUnavailableForLegalReasons
}
