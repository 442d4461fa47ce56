package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

// Lifecycle is what the answers of a version of this API say of its end; the
// zero Lifecycle has none, and says nothing.
type Lifecycle struct {
	Deprecated time.Time // since when, or from when on, callers should leave it (RFC 9745)
	Sunset     time.Time // until when it works (RFC 8594)
	Successor  string    // URI reference of what comes after it
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
