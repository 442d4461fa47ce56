package upstream

import (
	"fmt"
	"net/http"
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
	CodeBadRequest      Code = "bad_request"      // it refused the question
	CodeServerError     Code = "server_error"     // a status of 500 and above
	CodeInvalidResponse Code = "invalid_response" // an answer that cannot be believed
	CodeNoData          Code = "no_data"          // a well formed answer with nothing in it for this question now
	CodeCircuitOpen     Code = "circuit_open"     // not asked: its circuit breaker is open
	CodeOverloaded      Code = "overloaded"       // not asked: too many calls in flight
	CodeCanceled        Code = "canceled"         // the caller left, or we are shutting down
	CodeNotCached       Code = "not_cached"       // not asked: the caller wanted what is remembered
)

// Error is the one error that leaves this package: a code for programs and a
// detail for people. Its text never holds a URL, a header or a credential.
type Error struct {
	Code   Code
	Detail string

	// Status is the HTTP status that came back, 0 when none did.
	Status int

	// RetryAfter is how long the upstream, or our own limits, want to be left
	// alone from the moment of the failure; 0 when nothing was said.
	RetryAfter time.Duration

	// Uncertain says of a write that it may have been carried out all the same.
	Uncertain bool

	backoff   time.Duration // before it may be repeated
	final     bool          // repeating it within this flight is useless or forbidden
	others    bool          // another attempt of the same call was still running
	unfunded  bool          // it would have been repeated, had the budget allowed
	logged    bool          // with more than it says itself
	refused   bool          // our own policies did not let the call through
	uncounted bool          // the breaker has counted an invalid answer for this key already
}

// Errorf makes an Error; the text must not quote what came from outside
// beyond a short, harmless piece.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
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

// passing reports whether another request may be answered where this one was
// not.
func (e *Error) passing() bool { return e.Unwell() || e.Code == CodeRateLimited }

// repeatable reports whether a retry makes sense: a 429 has to say when.
func (e *Error) repeatable() bool {
	return e.Unwell() || e.Code == CodeRateLimited && e.RetryAfter > 0
}

// unavailable reports whether the upstream says that the thing does not exist
// or must not be shown: an old answer is then removed, and never served.
func (e *Error) unavailable() bool {
	return e.Code == CodeNotFound || e.Status == http.StatusUnavailableForLegalReasons
}

// asFinal marks the failure as one that would be the same next time.
func (e *Error) asFinal() *Error {
	e.final = true
	return e
}
