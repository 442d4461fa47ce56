package upstream

import (
	"net/http"
	"time"

	"tributary/cache"
)

// Caller is one of our callers, for an upstream that is asked with the credentials of
// our callers instead of our own.
type Caller struct {
	// Credentials adds the caller's credentials to a request. It is called last, after
	// the request was recorded on a span; nil adds none.
	Credentials func(*http.Request)

	// Expires is when the credentials end: no answer is kept longer. Zero: never.
	Expires time.Time
}

// caller is who asks q; the zero Caller where the upstream has our credentials.
func (s *Source[Q, A]) caller(q Q) Caller {
	if s.spec.Caller == nil {
		return Caller{}
	}
	return s.spec.Caller(q)
}

// withdraws reports whether a failure forbids to serve the old value. The upstream
// says that the thing does not exist, or it no longer lets this caller see it.
func (s *Source[Q, A]) withdraws(why *Error) bool {
	return why.Unavailable() || s.refusesCaller(why)
}

// refusesCaller reports whether the upstream itself has refused the caller's
// credentials: without a status, our own policies have refused the call.
func (s *Source[Q, A]) refusesCaller(why *Error) bool {
	return s.spec.Caller != nil && why.Status != 0 && (why.Code == CodeUnauthorized || why.Code == CodeForbidden)
}

// limitsCaller returns for how long the upstream has refused this caller's
// requests as too many; 0: it has not. Nobody else is held back by that.
func (s *Source[Q, A]) limitsCaller(why *Error) time.Duration {
	switch {
	case s.spec.Caller == nil || why.Status == 0 || why.Code != CodeRateLimited:
		return 0
	case why.RetryAfter > 0:
		return why.RetryAfter
	case s.spec.LimitPause > 0:
		return s.spec.LimitPause
	}
	return s.up.policies.RetryMaxDelay
}

// endWithCaller ends the windows of an entry when the credentials expire that it was
// asked with.
func endWithCaller(e *cache.Entry, expires time.Time) {
	if !expires.IsZero() {
		e.EndBy(expires)
	}
}
