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

// StreamPath is where the endpoint's answers are streamed, if Stream is true.
func (e *Endpoint) StreamPath() string { return streamPath(e.Path) }

func streamPath(path string) string { return path + "/stream" }

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
		if s.asCaller() {
			return true
		}
	}
	return false
}

func (s *partSource) asCaller() bool { return s.source != nil && s.source.caller }

// CallerRefusedError is the error of an endpoint that has no answer because an upstream
// refused the caller's own token.
type CallerRefusedError struct {
	Code    upstream.Code // CodeUnauthorized or CodeForbidden
	Part    string
	Sources []aggregate.Outcome // of the required parts; of all, if none is required
}

func (e *CallerRefusedError) Error() string { return e.Part + ": the upstream refuses the caller" }

// callerRefused reports whether the part failed because the upstream itself refused the
// caller's token. Of several sources, the one counts whose failure is told.
func (p *running) callerRefused(o aggregate.Outcome) bool {
	if o.State != upstream.Failed || o.Err == nil || o.Err.Status == 0 {
		return false
	}
	asCaller := p.part.asCaller()
	if several, ok := p.asked.(*firstOf); ok {
		asCaller = several.all[several.chosen].caller
	}
	return asCaller && (o.Err.Code == upstream.CodeUnauthorized || o.Err.Code == upstream.CodeForbidden)
}
