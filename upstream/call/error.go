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

// What can go wrong between us and an upstream.
const (
	CodeTimeout         Code = "timeout"          // no whole answer in time
	CodeConnection      Code = "connection"       // refused, reset, DNS, TLS
	CodeRateLimited     Code = "rate_limited"     // its quota, counted by it or by us
	CodeUnauthorized    Code = "unauthorized"     // our credentials were refused
	CodeForbidden       Code = "forbidden"        // our credentials do not reach so far
	CodeNotFound        Code = "not_found"        // it says that the thing does not exist
	CodeBadRequest      Code = "bad_request"      // it refused the request
	CodeServerError     Code = "server_error"     // a status of 500 and above
	CodeInvalidResponse Code = "invalid_response" // an answer that cannot be believed
	CodeNoData          Code = "no_data"          // a well formed answer with nothing in it for this question now
	CodeCircuitOpen     Code = "circuit_open"     // not asked: its circuit breaker is open
	CodeOverloaded      Code = "overloaded"       // not asked: too many calls in flight
	CodeCanceled        Code = "canceled"         // the caller left, or we are shutting down
	CodeNotCached       Code = "not_cached"       // not asked: the caller wanted a stored answer only
)

// Error is the one error that leaves this package: a code for programs and a
// detail for people. Its text never holds a URL, a header or a credential. It
// is plain data, and is not changed once it was returned.
type Error struct {
	Code   Code
	Detail string

	// Status is the HTTP status that came back, 0 when none did.
	Status int

	// RetryAfter is how long the upstream is not to be asked, from the moment of
	// the failure, because it asked for that or because of our limits; 0: not known.
	RetryAfter time.Duration

	// Uncertain says of a write that it may have been carried out all the same.
	Uncertain bool
}

// Errorf makes an Error; the text must not quote what came from outside
// beyond a short, harmless piece.
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

func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Detail
}

// Unwell reports whether the failure says that the upstream itself is in
// trouble. Only these count against its circuit breaker: a 404 or a refused
// credential is an answer.
func (e *Error) Unwell() bool {
	switch e.Code {
	case CodeTimeout, CodeConnection, CodeServerError, CodeInvalidResponse:
		return true
	}
	return false
}

// Unavailable reports whether the upstream says that the thing does not exist
// or must not be shown: an old answer is then removed, and never served.
func (e *Error) Unavailable() bool {
	return e.Code == CodeNotFound || e.Status == http.StatusUnavailableForLegalReasons
}
