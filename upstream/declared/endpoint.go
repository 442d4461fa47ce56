package declared

import (
	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// OpenToAll is the scope of an endpoint that needs none.
const OpenToAll = "none"

// The values of Endpoint.Cache: what caches between the gateway and its callers may do.
const (
	CachePrivate    = "private"    // the caller's own cache may store it
	CachePublic     = "public"     // shared caches may, where anonymous callers may read it
	CacheRevalidate = "revalidate" // private, and asked for again before each use
)

// AsCaller reports whether a part is asked with the caller's own token.
func (e *Endpoint) AsCaller() bool {
	for _, p := range e.parts {
		if p.asCaller() {
			return true
		}
	}
	return false
}

func (p *part) asCaller() bool {
	for _, s := range p.sources {
		if s.source != nil && s.source.caller {
			return true
		}
	}
	return false
}

// CallerRefusedError is the error of an endpoint whose required part was asked with
// the caller's own token, which the upstream refused.
type CallerRefusedError struct {
	Code upstream.Code // CodeUnauthorized or CodeForbidden
	Part string
}

func (e *CallerRefusedError) Error() string { return e.Part + ": the upstream refuses the caller" }

// callerRefused is that error for a part without a value, nil if it failed otherwise.
func callerRefused(p *part, o aggregate.Outcome) error {
	if !p.asCaller() || o.Err == nil || o.Err.Code != upstream.CodeUnauthorized && o.Err.Code != upstream.CodeForbidden {
		return nil
	}
	return &CallerRefusedError{o.Err.Code, p.name}
}
