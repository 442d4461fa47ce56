package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// leeway is the accepted difference between the issuer's clock and ours.
	leeway = 30 * time.Second

	// maxToken limits how much is decoded before the signature is checked.
	maxToken = 16 << 10

	// maxSubject is the limit of OpenID Connect (Core §2). Subjects are written to logs
	// and to the keys of stores.
	maxSubject = 255
)

// algorithms are the accepted signature algorithms. None uses a shared secret, so an
// attacker cannot use the issuer's public key as one.
var algorithms = []string{"RS256", "ES256", "EdDSA"}

// tokens verifies JSON Web Tokens (RFC 7519) as RFC 8725 recommends.
type tokens struct {
	issuer      *issuer
	parser      *jwt.Parser
	fingerprint string // prefix of every caller's fingerprint; the subject follows
	anonymous   Scopes
}

func newTokens(cfg Config) *tokens {
	sum := sha256.Sum256([]byte(cfg.Issuer))
	return &tokens{
		issuer: newIssuer(cfg),
		parser: jwt.NewParser(
			jwt.WithValidMethods(algorithms),
			jwt.WithIssuer(cfg.Issuer),
			jwt.WithAudience(cfg.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithLeeway(leeway),
			jwt.WithStrictDecoding(), // rejects a second spelling of the same token
		),
		fingerprint: "jwt:" + hex.EncodeToString(sum[:4]) + ":",
		anonymous:   cfg.Anonymous,
	}
}

// verify returns the caller of a token. The error is an *Error: 503 while no keys
// were fetched, 401 if none of the keys has signed the token. It stays 401 when the
// issuer is down and the token might use a new key: otherwise anybody could make us
// answer 503.
func (t *tokens) verify(ctx context.Context, raw string) (Caller, error) {
	if len(raw) > maxToken {
		return Caller{}, errMalformed
	}
	used := t.issuer.keys.Load()
	claims, err := t.parse(raw, used)
	switch err {
	case errNoKeys, errUnknownSigner, errSignature: // the issuer may have published other keys meanwhile
		if renewed := t.issuer.renewed(ctx, used); renewed != used {
			claims, err = t.parse(raw, renewed)
		}
	}
	switch err {
	case nil:
		caller, err := t.caller(claims)
		if err == nil {
			caller.token.raw = raw
		}
		return caller, err
	case errNoKeys:
		return Caller{}, unavailable(t.issuer.retryAfter())
	}
	return Caller{}, err
}

// parse verifies a token with a key set, which is nil if none was fetched. The error
// is an *Error.
func (t *tokens) parse(raw string, keys *keySet) (jwt.MapClaims, error) {
	// A map, because encoding/json fills struct fields from names in any case, such as
	// "SCOPE" or "Exp", which an issuer may let its users choose.
	claims := jwt.MapClaims{}
	token, err := t.parser.ParseWithClaims(raw, claims, func(token *jwt.Token) (any, error) {
		return signers(token, keys)
	})
	if err != nil {
		return nil, refusal(token, err)
	}
	return claims, nil
}

// signers returns the keys that may have signed a token. Keys and key URLs in the
// token's header are ignored, because the sender chose them.
func signers(token *jwt.Token, keys *keySet) (any, error) {
	if _, ok := token.Header["crit"]; ok { // extensions that must be understood (RFC 7515 §4.1.11); we know none
		return nil, errExtension
	}
	kid, ok := token.Header["kid"].(string)
	if _, named := token.Header["kid"]; named && !ok {
		return nil, errMalformed
	}
	if keys == nil {
		return nil, errNoKeys
	}
	candidates := keys.candidates(kid, token.Method.Alg())
	if len(candidates.Keys) == 0 {
		return nil, errUnknownSigner
	}
	return candidates, nil
}

func (t *tokens) caller(claims jwt.MapClaims) (Caller, error) {
	subject, err := claims.GetSubject()
	scope, isText := claims["scope"].(string)
	_, hasScope := claims["scope"]
	switch {
	case err != nil, hasScope && !isText, len(subject) > maxSubject, strings.ContainsFunc(subject, unicode.IsControl):
		return Caller{}, errMalformed
	case subject == "": // else all tokens without a subject would be one caller
		return Caller{}, errMissingClaim
	}
	expires, err := claims.GetExpirationTime()
	if err != nil || expires == nil { // the parser requires one
		return Caller{}, errMissingClaim
	}
	return Caller{
		token:       bearerToken{expires: expires.Time},
		Kind:        Token,
		Name:        subject,
		Scopes:      Scopes(strings.Fields(scope)).and(t.anonymous),
		fingerprint: t.fingerprint + subject,
	}, nil
}

// refusal maps a parser's error to an *Error; the parser's own text may quote the
// token.
func refusal(token *jwt.Token, err error) *Error {
	var ours *Error
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.Is(err, jwt.ErrTokenMalformed):
		return errMalformed
	case !allowed(token):
		return errAlgorithm
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return errSignature
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return errMissingClaim
	case errors.Is(err, jwt.ErrTokenExpired):
		return errExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return errNotYetValid
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return errIssuer
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return errAudience
	}
	return errMalformed // a claim has the wrong type
}

func allowed(token *jwt.Token) bool {
	algorithm, _ := token.Header["alg"].(string)
	return slices.Contains(algorithms, algorithm)
}
