package api

import (
	"embed"
	"net/http"
)

// The HTML pages, with the files that they load, most of them Swagger UI's. All
// are embedded in the binary, so the pages work offline.
//
//go:embed pages
var pages embed.FS

// policy allows a page to load from and connect to this host only. Swagger UI's
// arrows are data: images.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// root describes the service and links its documents, as HTML or JSON.
func (s *server) root(w http.ResponseWriter, r *http.Request) error {
	html, asJSON := quality(r, "text/html"), quality(r, "application/json")
	w.Header().Add("Vary", "Accept")
	switch {
	case html > asJSON:
		return page("root.html")(w, r)
	case asJSON == 0:
		return notAcceptable.with("the answer is application/json or text/html, which Accept rules out")
	}
	return writeJSON(w, http.StatusOK, "public, max-age=300", map[string]any{
		"name":    "Tributary",
		"summary": "One stable endpoint where the world has many unstable upstreams.",
		"links": map[string]string{
			"docs": "/docs", "openapi": "/openapi.yaml", "weather": "/v1/weather?city=Delhi", "status": "/v1/status",
		},
	})
}

// page serves an embedded page.
func page(name string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, _ *http.Request) error {
		body, err := pages.ReadFile("pages/" + name)
		if err != nil {
			return err
		}
		h := w.Header()
		secure(h)
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(body)
		return nil
	}
}

// secure sets the security headers of a page: no frames, no guessing of types, nothing
// from other hosts.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}
