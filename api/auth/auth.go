// Package auth identifies the caller of a request and decides what the caller may
// do, from API keys, bearer tokens (JWT) and the scopes of anonymous callers.
package auth

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
)

// Config configures an Authenticator. The zero Config allows nothing.
type Config struct {
	Keys []Key

	// JWKS is the URL of the issuer's public signing keys; nil: tokens are not
	// accepted. With JWKS, Issuer and Audience are required.
	JWKS     *url.URL
	Issuer   string
	Audience string

	Anonymous []string          // scopes of a caller without credentials
	Transport http.RoundTripper // for requests to the issuer; nil: an own transport
	Logger    *slog.Logger      // nil: slog's default
	Rand      *rand.Rand        // of the times between requests to the issuer; nil: the global generator
}

// Authenticator identifies callers. It is safe for concurrent use.
type Authenticator struct {
	keys      []hashedKey
	tokens    *tokens // nil: not accepted
	anonymous Caller
}

// New returns an authenticator that starts fetching the issuer's keys in the
// background and does not wait for them: an issuer that is down must not delay the
// start of the gateway. Close it after use.
func New(cfg Config) (*Authenticator, error) {
	if cfg.JWKS != nil && (cfg.Issuer == "" || cfg.Audience == "") {
		// Without both, we would accept tokens that the issuer made for other services.
		return nil, errors.New("tokens need an issuer and an audience")
	}
	keys, err := hashKeys(cfg.Keys, cfg.Anonymous)
	if err != nil {
		return nil, err
	}
	a := &Authenticator{keys: keys, anonymous: Caller{Scopes: cfg.Anonymous}}
	if cfg.JWKS != nil {
		a.tokens = newTokens(cfg)
	}
	return a, nil
}

// Close stops fetching the issuer's keys and waits for a running fetch. The keys
// fetched so far remain in use.
func (a *Authenticator) Close() {
	if a.tokens != nil {
		a.tokens.issuer.close()
	}
}

// Authenticate identifies the caller of a request. Invalid credentials are an error
// even if anonymous callers are allowed, so that a wrong key is noticed. The error
// is an *Error.
//
// If neither keys nor tokens are configured, credentials are ignored: they are
// probably meant for a proxy in front of us that has checked them. If such a
// request then lacks a scope, the error of Authorize says what to configure.
func (a *Authenticator) Authenticate(r *http.Request) (Caller, error) {
	if !a.configured() {
		return a.anonymous, nil
	}
	sent, err := readCredential(r.Header)
	if err != nil {
		return Caller{}, err
	}
	if sent.value == "" {
		return a.anonymous, nil
	}
	if caller, ok := a.byKey(sent.value); ok {
		return caller, nil
	}
	isToken := sent.bearer && strings.Count(sent.value, ".") == 2
	switch {
	case isToken && a.tokens != nil:
		return a.tokens.verify(r.Context(), sent.value)
	case isToken:
		return Caller{}, errNoTokens
	case len(a.keys) == 0 && sent.bearer:
		return Caller{}, errMalformed
	}
	return Caller{}, errUnknownKey
}

// Authorize checks that a caller has a scope. The error is an *Error: 401 for an
// anonymous caller, 403 for a known caller and where no credentials are configured.
func (a *Authenticator) Authorize(c Caller, scope string) error {
	switch {
	case c.Scopes.Has(scope):
		return nil
	case c.Kind != Anonymous:
		return insufficientScope(scope)
	case a.configured():
		return errNoCredentials
	}
	return notConfigured(scope)
}

// AnonymousMay reports whether a caller without credentials has a scope.
func (a *Authenticator) AnonymousMay(scope string) bool { return a.anonymous.Scopes.Has(scope) }

func (a *Authenticator) configured() bool { return len(a.keys) > 0 || a.tokens != nil }
