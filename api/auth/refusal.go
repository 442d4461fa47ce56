package auth

import (
	"fmt"
	"net/http"
	"time"
)

// Error is why a request is refused, with what the answer needs. Its text
// holds nothing of what the caller has sent.
type Error struct {
	Status     int           // 401, 403 or 503
	Detail     string        // for people
	Challenge  string        // WWW-Authenticate (RFC 6750 §3); "": none
	RetryAfter time.Duration // with 503

	// Wrong: credentials were sent that cannot be right. Somebody may be trying
	// them out. A token that was right, or will be, is not among them.
	Wrong bool
}

func (e *Error) Error() string { return e.Detail }

const challenge = `Bearer realm="tributary"`

// Credentials that cannot be seen as such have no error attribute (RFC 6750
// §3.1): their sender may not have known what is wanted.
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

// The signature of these tokens is good: they are the issuer's.
var (
	errExpired     = invalidToken("the token has expired")
	errNotYetValid = invalidToken("the token is not yet valid")
)

// errNoKeys means that the issuer's keys were never read. No caller sees it: it
// becomes what unavailable returns.
var errNoKeys = &Error{Status: http.StatusServiceUnavailable}

func unauthenticated(detail string) *Error {
	return &Error{Status: http.StatusUnauthorized, Detail: detail, Challenge: challenge}
}

// invalidToken is RFC 6750's word for whatever is sent as Bearer. The detail
// must have neither quotes nor backslashes.
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

func insufficientScope(scope string) *Error {
	return &Error{
		Status:    http.StatusForbidden,
		Detail:    fmt.Sprintf("this needs the scope %s, which the credentials do not have", scope),
		Challenge: fmt.Sprintf(`%s, error="insufficient_scope", scope="%s"`, challenge, scope),
	}
}

// notConfigured has no challenge: there are no credentials that would do.
func notConfigured(scope string) *Error {
	return &Error{
		Status: http.StatusForbidden,
		Detail: fmt.Sprintf("this needs the scope %s, and nobody has it: configure API_KEYS or JWT_JWKS_URL", scope),
	}
}

// unavailable is not the caller's fault, so it is no 401, after which clients
// throw their token away.
func unavailable(retryAfter time.Duration) *Error {
	return &Error{
		Status:     http.StatusServiceUnavailable,
		Detail:     "the token cannot be checked yet: the keys of its issuer could not be read; try again after Retry-After",
		RetryAfter: retryAfter,
	}
}
