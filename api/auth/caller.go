package auth

import (
	"context"
	"slices"
)

// The scopes of the contract.
const (
	WeatherRead = "weather:read"
	UsersRead   = "users:read"
	UsersWrite  = "users:write"
)

// Scopes are what a caller may do.
type Scopes []string

// Has reports whether the scope is among them.
func (s Scopes) Has(scope string) bool { return slices.Contains(s, scope) }

// and adds what everybody may do: who shows credentials must not be able to do
// less than who leaves them out.
func (s Scopes) and(more Scopes) Scopes {
	all := slices.Clone(s)
	for _, scope := range more {
		if !all.Has(scope) {
			all = append(all, scope)
		}
	}
	return all
}

// Kind is how a caller has said who it is.
type Kind int

// The kinds of callers.
const (
	Anonymous Kind = iota // no credentials
	APIKey
	Token
)

// Caller is who sent a request. The zero Caller is anonymous and may do
// nothing.
type Caller struct {
	Kind   Kind
	Name   string // of the API key, or the token's subject; "" if anonymous
	Scopes Scopes

	fingerprint string
}

// Fingerprint is the same for all requests of a caller, on every replica and
// after a restart, and no two callers share one: key:<name> or
// jwt:<hash of the issuer>:<subject>. It holds no secret, and a key that is
// exchanged under its old name keeps it. Anonymous callers have "".
func (c Caller) Fingerprint() string { return c.fingerprint }

type callerKey struct{}

// NewContext carries the caller of a request.
func NewContext(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// FromContext is the caller that NewContext was given, or one who may do
// nothing.
func FromContext(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
