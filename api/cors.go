package api

import (
	"net/http"
	"slices"

	"github.com/rs/cors"
)

// readable are the response headers that a frontend may want to read.
var readable = []string{
	"Cache-Status", "Deprecation", "ETag", "Idempotent-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy",
	"Retry-After", "Server-Timing", "Sunset", "WWW-Authenticate", "X-Request-Id", "X-Total-Count",
}

// sendable are the request headers that a frontend may want to send.
var sendable = []string{
	"Accept", "Authorization", "Cache-Control", "Content-Type", "Idempotency-Key", "If-None-Match",
	"Traceparent", "Tracestate", "X-API-Key", "X-Request-Id",
}

// crossOrigin lets pages of these origins in, "*" for all; errors they can
// read too. Credentials are only for origins that are named: with "*" any page
// could use its visitors'.
func crossOrigin(origins []string) func(http.Handler) http.Handler {
	if len(origins) == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	all := slices.Contains(origins, "*")
	policy := cors.New(cors.Options{
		AllowedOrigins:   origins,
		AllowedMethods:   []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders:   sendable,
		ExposedHeaders:   readable,
		AllowCredentials: !all,
		MaxAge:           600,
	})
	return func(next http.Handler) http.Handler {
		return policy.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if origin := w.Header().Get("Access-Control-Allow-Origin"); origin != "" {
				w.Header().Set("Timing-Allow-Origin", origin) // Server-Timing is theirs to read
			}
			next.ServeHTTP(w, r)
		}))
	}
}
