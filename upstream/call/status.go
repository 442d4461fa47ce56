package call

import (
	"fmt"
	"net/http"
)

// statusFailure is what a status outside 200 to 299 means by HTTP. Its detail has
// the provider's own reason, without secrets. Nil secrets leave the reason out: it
// may be about a person.
func statusFailure(r Response, secrets func() []string) *failure {
	code := CodeBadRequest
	switch {
	case r.Status < 200 || r.Status == http.StatusNotModified:
		return &failure{public: public{Code: CodeInvalidResponse, Status: r.Status, Detail: fmt.Sprintf("unexpected status %d", r.Status)}}
	case r.Status < 400:
		f := &failure{public: public{Code: CodeInvalidResponse, Status: r.Status, Detail: fmt.Sprintf("redirect (%d) that is not followed", r.Status)}}
		return f.asFinal()
	case r.Status == http.StatusUnauthorized:
		code = CodeUnauthorized
	case r.Status == http.StatusForbidden && saysRateLimit(r.Body):
		code = CodeRateLimited
	case r.Status == http.StatusForbidden, r.Status == http.StatusUnavailableForLegalReasons:
		code = CodeForbidden
	case r.Status == http.StatusNotFound, r.Status == http.StatusGone:
		code = CodeNotFound
	case r.Status == http.StatusRequestTimeout:
		code = CodeTimeout
	case r.Status == http.StatusTooManyRequests:
		code = CodeRateLimited
	case r.Status >= 500:
		code = CodeServerError
	}
	f := &failure{public: public{Code: code, Status: r.Status, Detail: fmt.Sprintf("answered %d", r.Status)}}
	if text := http.StatusText(r.Status); text != "" {
		f.Detail += " " + text
	}
	if secrets != nil {
		if reason := reason(r, secrets()); reason != "" {
			f.Detail += ": " + reason
		}
	}
	if code == CodeRateLimited || code == CodeServerError {
		f.RetryAfter = retryAfter(r.Header, r.At)
	}
	return f
}
