package auth

import (
	"context"
	"slices"
	"time"
)

// The scopes that requests need.
const (
	WeatherRead = "weather:read"
	UsersRead   = "users:read"
	UsersWrite  = "users:write"
)

// Scopes are the permissions of a caller.
type Scopes []string

// Has reports whether s contains scope.
func (s Scopes) Has(scope string) bool { return slices.Contains(s, scope) }

// and adds the anonymous scopes: a caller with credentials may do everything that
// an anonymous caller may.
func (s Scopes) and(more Scopes) Scopes {
	all := slices.Clone(s)
	for _, scope := range more {
		if !all.Has(scope) {
			all = append(all, scope)
		}
	}
	return all
}

// Kind is the kind of credential that identified a caller.
type Kind int

// The kinds of callers.
const (
	Anonymous Kind = iota // no credentials
	APIKey
	Token
)

// Caller is the sender of a request. The zero Caller is anonymous and has no
// scopes.
type Caller struct {
	Kind   Kind
	Name   string // of the API key, or the token's subject; "" if anonymous
	Scopes Scopes

	fingerprint string
	token       bearerToken
}

// bearerToken is a verified token. It is not printed.
type bearerToken struct {
	raw     string
	expires time.Time
}

func (bearerToken) String() string   { return "(token)" }
func (bearerToken) GoString() string { return "(token)" }

// Token returns the caller's verified token, to be passed on to an upstream that wants
// it, and when it expires. ok is false for callers without one. It is a secret.
func (c Caller) Token() (raw string, expires time.Time, ok bool) {
	return c.token.raw, c.token.expires, c.token.raw != ""
}

// Fingerprint identifies a caller: it is unique to the caller, the same on every
// replica and after a restart, and contains no secret. Its form is key:<name> or
// jwt:<hash of the issuer>:<subject>, so a key that is replaced under its name
// keeps its fingerprint. It is "" for anonymous callers.
func (c Caller) Fingerprint() string { return c.fingerprint }

// ContextKey is the key of a *Caller in contexts.
type ContextKey struct{}

// NewContext returns a context that carries the caller.
func NewContext(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, ContextKey{}, &c)
}

// FromContext returns the caller set by NewContext or Middleware, or the zero Caller.
func FromContext(ctx context.Context) Caller {
	if c, ok := ctx.Value(ContextKey{}).(*Caller); ok {
		return *c
	}
	return Caller{}
}
