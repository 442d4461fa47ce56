// Package auth says who calls, and what they may do: API keys, bearer tokens
// checked against an issuer's keys, and what is open to everybody.
package auth

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
)

// Config is who may call. The zero Config lets nobody do anything.
type Config struct {
	Keys []Key

	// JWKS is where the issuer publishes the keys that it signs tokens with;
	// nil: tokens are not accepted. Issuer and Audience are required with it.
	JWKS     *url.URL
	Issuer   string
	Audience string

	Anonymous []string          // scopes of a caller without credentials
	Transport http.RoundTripper // to the issuer; nil: one of its own
	Logger    *slog.Logger      // nil: slog's default
}

// Authenticator tells callers apart. It is safe for concurrent use.
type Authenticator struct {
	keys      []hashedKey
	tokens    *tokens // nil: not accepted
	anonymous Caller
}

// New makes an authenticator, which begins at once to read the issuer's keys,
// and does not wait for them: an issuer that is down must not keep us from
// starting. Close it.
func New(cfg Config) (*Authenticator, error) {
	if cfg.JWKS != nil && (cfg.Issuer == "" || cfg.Audience == "") {
		// Without them a token that the issuer made for others would do.
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

// Close ends the reading of the issuer's keys, and waits for it. Callers are
// told apart afterwards by what has been read before.
func (a *Authenticator) Close() {
	if a.tokens != nil {
		a.tokens.issuer.close()
	}
}

// Authenticate says who sends a request. Credentials that are no good are an
// error even where anonymous callers are welcome: a wrong key must not quietly
// become no key. The error is an *Error.
//
// While neither keys nor tokens are configured, credentials are ignored. They
// cannot be wrong where none are right, and are mostly not meant for us: a
// proxy in front that has checked them passes them on. Who expected a write to
// be let through is told by Authorize what to configure.
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

// Authorize says whether a caller may do what needs a scope. The error is an
// *Error: 401 for who may be let in with credentials, 403 for who has shown
// some, and where there are none to be had.
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

func (a *Authenticator) configured() bool { return len(a.keys) > 0 || a.tokens != nil }
