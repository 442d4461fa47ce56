package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rs/cors"
)

// exposedHeaders are the response headers that a page's script may read.
var exposedHeaders = []string{
	"Cache-Status", "Deprecation", "ETag", "Idempotent-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy",
	"Retry-After", "Server-Timing", "Sunset", "WWW-Authenticate", "X-Request-Id", "X-Total-Count",
}

// allowedHeaders are the request headers that a page's script may send.
var allowedHeaders = []string{
	"Accept", "Authorization", "Baggage", "Cache-Control", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
	"Last-Event-ID", "Traceparent", "Tracestate", "X-API-Key", "X-Request-Id",
}

// crossOrigin allows pages of these origins to read all answers, errors included;
// "*" allows every origin. Credentials are allowed only for origins that are
// named: with "*", any page could act with its visitor's credentials.
func crossOrigin(origins []string) func(http.Handler) http.Handler {
	if len(origins) == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	all := slices.Contains(origins, "*")
	policy := cors.New(cors.Options{
		AllowedOrigins:   origins,
		AllowedMethods:   []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders:   allowedHeaders,
		ExposedHeaders:   exposedHeaders,
		AllowCredentials: !all,
		MaxAge:           600,
	})
	return func(next http.Handler) http.Handler {
		return sortedPreflights(policy.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if origin := w.Header().Get("Access-Control-Allow-Origin"); origin != "" {
				w.Header().Set("Timing-Allow-Origin", origin) // lets the page read Server-Timing
			}
			next.ServeHTTP(w, r)
		})))
	}
}

// sortedPreflights normalises Access-Control-Request-Headers to the form that
// browsers send and the CORS library requires: lower case, sorted, each name once
// (Fetch, CORS-unsafe request-header names). Other clients use any order and case,
// and proxies split the list over several lines.
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
