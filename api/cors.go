package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rs/cors"
)

// readable are the response headers that a frontend may want to read.
var readable = []string{
	"Cache-Status", "Deprecation", "ETag", "Idempotent-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy",
	"Retry-After", "Server-Timing", "Sunset", "WWW-Authenticate", "X-Request-Id", "X-Total-Count",
}

// sendable are the request headers that a frontend may want to send.
var sendable = []string{
	"Accept", "Authorization", "Baggage", "Cache-Control", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
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
		return sortedPreflights(policy.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if origin := w.Header().Get("Access-Control-Allow-Origin"); origin != "" {
				w.Header().Set("Timing-Allow-Origin", origin) // Server-Timing is theirs to read
			}
			next.ServeHTTP(w, r)
		})))
	}
}

// sortedPreflights writes the header names that a preflight asks for as browsers
// do: in lower case, sorted, each once. The policy expects this (Fetch,
// CORS-unsafe request-header names); other clients write them in any order and
// case, and proxies split them over lines.
func sortedPreflights(next http.Handler) http.Handler {
	const asked = "Access-Control-Request-Headers"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lines := r.Header[asked]; len(lines) > 0 && r.Method == http.MethodOptions {
			names := strings.FieldsFunc(strings.ToLower(strings.Join(lines, ",")), func(c rune) bool { return c == ',' })
			for i := range names {
				names[i] = strings.Trim(names[i], " \t")
			}
			slices.Sort(names)
			names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
			r.Header[asked] = []string{strings.Join(names, ",")}
		}
		next.ServeHTTP(w, r)
	})
}
