package auth

import (
	"fmt"
	"net/http"
	"time"
)

// Error says why a request is rejected and what the answer needs. Its text contains
// nothing that the caller sent.
type Error struct {
	Status     int           // 401, 403 or 503
	Detail     string        // for people
	Challenge  string        // the WWW-Authenticate header (RFC 6750 §3); "": none
	RetryAfter time.Duration // with 503

	// Wrong is true for credentials that were never valid, so somebody may be guessing.
	// It is false for a token that is expired or not valid yet.
	Wrong bool
}

func (e *Error) Error() string { return e.Detail }

const challenge = `Bearer realm="tributary"`

// Credentials that we cannot recognise get no error attribute (RFC 6750 §3.1): the
// caller may not have known which form is expected.
var (
	errNoCredentials = unauthenticated("this needs credentials: an API key or a token as Authorization: Bearer, or an API key as X-API-Key")
	errScheme        = wrong(unauthenticated("the Authorization header is not of the form: Bearer, a space, an API key or a token"))
)

var (
	errEmpty      = wrongToken("the credential is empty")
	errSeveral    = wrongToken("more than one credential was sent")
	errUnknownKey = wrongToken("unknown API key")
	errNoTokens   = wrongToken("tokens are not accepted here, only API keys")

	errMalformed     = wrongToken("the token is malformed")
	errAlgorithm     = wrongToken("the algorithm of the token is not allowed; RS256, ES256 and EdDSA are")
	errExtension     = wrongToken("the token has a critical extension that is not understood")
	errUnknownSigner = wrongToken("the token is signed with an unknown key")
	errSignature     = wrongToken("the signature of the token is wrong")
	errMissingClaim  = wrongToken("the token lacks one of the claims iss, sub, aud and exp")
	errIssuer        = wrongToken("the token has the wrong issuer")
	errAudience      = wrongToken("the token has the wrong audience")
)

// These tokens have a valid signature, so the issuer made them.
var (
	errExpired     = invalidToken("the token has expired")
	errNotYetValid = invalidToken("the token is not yet valid")
)

// errNoKeys means that no keys were fetched yet. Callers get the error of
// unavailable instead.
var errNoKeys = &Error{Status: http.StatusServiceUnavailable}

func unauthenticated(detail string) *Error {
	return &Error{Status: http.StatusUnauthorized, Detail: detail, Challenge: challenge}
}

// invalidToken uses RFC 6750's error code for anything sent as Bearer. The detail
// must not contain quotes or backslashes.
func invalidToken(detail string) *Error {
	return &Error{
		Status:    http.StatusUnauthorized,
		Detail:    detail,
		Challenge: challenge + `, error="invalid_token", error_description="` + detail + `"`,
	}
}

func wrongToken(detail string) *Error { return wrong(invalidToken(detail)) }

func wrong(e *Error) *Error {
	e.Wrong = true
	return e
}

// NeedsToken is the error for a caller without a token where an upstream is asked with
// it. An API key is ours and is never passed on.
func NeedsToken() *Error {
	return unauthenticated("this needs a token as Authorization: Bearer, which is passed on to an upstream; an API key is not enough")
}

// TokenRefused is the error for a caller whose valid token an upstream has refused.
func TokenRefused(detail string) *Error { return invalidToken(detail) }

func insufficientScope(scope string) *Error {
	return &Error{
		Status:    http.StatusForbidden,
		Detail:    fmt.Sprintf("this needs the scope %s, which the credentials do not have", scope),
		Challenge: fmt.Sprintf(`%s, error="insufficient_scope", scope="%s"`, challenge, scope),
	}
}

// notConfigured has no challenge, because no credentials would be accepted.
func notConfigured(scope string) *Error {
	return &Error{
		Status: http.StatusForbidden,
		Detail: fmt.Sprintf("this needs the scope %s, but no credentials are configured: configure API_KEYS or JWT_JWKS_URL", scope),
	}
}

// unavailable is a 503, because clients discard their token after a 401.
func unavailable(retryAfter time.Duration) *Error {
	return &Error{
		Status:     http.StatusServiceUnavailable,
		Detail:     "the token cannot be checked yet: the keys of its issuer could not be read; try again after Retry-After",
		RetryAfter: retryAfter,
	}
}
