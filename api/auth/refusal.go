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
}

func (e *Error) Error() string { return e.Detail }

const challenge = `Bearer realm="tributary"`

// Credentials that cannot be seen as such have no error attribute (RFC 6750
// §3.1): their sender may not have known what is wanted.
var (
	errNoCredentials = unauthenticated("this needs credentials: an API key or a token as Authorization: Bearer, or an API key as X-API-Key")
	errScheme        = unauthenticated("the Authorization header is not of the form: Bearer, a space, an API key or a token")
)

var (
	errEmpty      = invalidToken("the credential is empty")
	errSeveral    = invalidToken("more than one credential was sent")
	errUnknownKey = invalidToken("unknown API key")
	errNoTokens   = invalidToken("tokens are not accepted here, only API keys")

	errMalformed     = invalidToken("the token is malformed")
	errAlgorithm     = invalidToken("the algorithm of the token is not allowed; RS256, ES256 and EdDSA are")
	errExtension     = invalidToken("the token has a critical extension that is not understood")
	errUnknownSigner = invalidToken("the token is signed with an unknown key")
	errSignature     = invalidToken("the signature of the token is wrong")
	errMissingClaim  = invalidToken("the token lacks one of the claims iss, sub, aud and exp")
	errExpired       = invalidToken("the token has expired")
	errNotYetValid   = invalidToken("the token is not yet valid")
	errIssuer        = invalidToken("the token has the wrong issuer")
	errAudience      = invalidToken("the token has the wrong audience")
)

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

// unavailable is not the caller's fault, so it is no 401: clients throw a token
// away that was refused.
func unavailable(retryAfter time.Duration) *Error {
	return &Error{
		Status:     http.StatusServiceUnavailable,
		Detail:     "the token cannot be checked: the keys of its issuer could not be read yet",
		RetryAfter: retryAfter,
	}
}
