package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

// Lifecycle announces in every answer of an API version when the version ends.
// The zero Lifecycle announces nothing.
type Lifecycle struct {
	Deprecated time.Time // when callers should stop using it, past or future (RFC 9745)
	Sunset     time.Time // when it stops working (RFC 8594)
	Successor  string    // URI reference of the version that replaces it
}

func (l Lifecycle) announce(next http.Handler) http.Handler {
	var links []string
	if l.Successor != "" {
		links = []string{fmt.Sprintf(`<%s>; rel="successor-version"`, l.Successor)}
	}
	if !l.Sunset.IsZero() {
		next = middleware.Sunset(l.Sunset)(next)
	}
	if !l.Deprecated.IsZero() {
		next = middleware.Deprecation(l.Deprecated, links...)(next)
	}
	return next
}
