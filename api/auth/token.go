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
	// leeway is how far the issuer's clock and ours may be apart.
	leeway = 30 * time.Second

	// maxToken bounds what is decoded before a signature has been seen.
	maxToken = 16 << 10

	// maxSubject is OpenID Connect's bound (Core §2): subjects go into logs and
	// into the keys of stores.
	maxSubject = 255
)

// algorithms are those that tokens may be signed with. There is none with a
// shared secret among them, so that the issuer's public key, taken for one,
// signs nothing.
var algorithms = []string{"RS256", "ES256", "EdDSA"}

// tokens checks JSON web tokens (RFC 7519) as RFC 8725 wants it.
type tokens struct {
	issuer      *issuer
	parser      *jwt.Parser
	fingerprint string // but for the subject
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
			jwt.WithStrictDecoding(), // a token has one spelling
		),
		fingerprint: "jwt:" + hex.EncodeToString(sum[:4]) + ":",
		anonymous:   cfg.Anonymous,
	}
}

// verify is the caller that a token speaks for. The error is an *Error: 503 while
// no keys have been read, and 401 for a token that none of the keys has signed. It
// is 401 while the issuer cannot be reached, too: the token's key may be a new
// one, but otherwise anybody could make us answer 503.
func (t *tokens) verify(ctx context.Context, raw string) (Caller, error) {
	if len(raw) > maxToken {
		return Caller{}, errMalformed
	}
	used := t.issuer.keys.Load()
	claims, err := t.parse(raw, used)
	switch err {
	case errNoKeys, errUnknownSigner, errSignature: // the issuer may have other keys by now
		if renewed := t.issuer.renewed(ctx, used); renewed != used {
			claims, err = t.parse(raw, renewed)
		}
	}
	switch err {
	case nil:
		return t.caller(claims)
	case errNoKeys:
		return Caller{}, unavailable(t.issuer.retryAfter())
	}
	return Caller{}, err
}

// parse checks a token against a set of keys, nil for one that was never read.
// The error is an *Error.
func (t *tokens) parse(raw string, keys *keySet) (jwt.MapClaims, error) {
	// A map and not a struct, whose fields encoding/json would also fill from
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

// signers are the keys that may have signed a token, by its header. What else
// the header offers, such as a key or where to find one, is the sender's word and
// not looked at.
func signers(token *jwt.Token, keys *keySet) (any, error) {
	if _, ok := token.Header["crit"]; ok { // RFC 7515 §4.1.11; we understand none
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
	case subject == "": // all who have none would be one caller
		return Caller{}, errMissingClaim
	}
	return Caller{
		Kind:        Token,
		Name:        subject,
		Scopes:      Scopes(strings.Fields(scope)).and(t.anonymous),
		fingerprint: t.fingerprint + subject,
	}, nil
}

// refusal is what a caller is told of an error of the parser, whose own text
// may quote the token.
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
	return errMalformed // a claim of the wrong type
}

func allowed(token *jwt.Token) bool {
	algorithm, _ := token.Header["alg"].(string)
	return slices.Contains(algorithms, algorithm)
}
