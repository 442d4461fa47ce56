package api

import (
	"crypto/rand"
	"embed"
	"html"
	"net/http"
	"strings"
)

// The HTML pages, with the files that they load. All are embedded in the binary, so the
// pages work offline.
//
//go:embed pages
var pages embed.FS

// policy allows a page to load from and connect to this host only. Some pictures are
// data: images.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Demo is what the pages offer where the upstreams are simulated.
type Demo struct {
	Key     string       // an API key that may do everything, filled in on /docs; may be empty
	Console string       // the URL of the console; empty: none
	Faults  http.Handler // lists, sets and lifts faults of the upstreams, at /_sim and below
}

// root describes the service and links its documents, as HTML or JSON.
func (s *server) root(w http.ResponseWriter, r *http.Request) error {
	asHTML, err := wantsHTML(w, r)
	switch {
	case err != nil:
		return err
	case asHTML:
		return s.landing(w, r)
	}
	return writeJSON(w, http.StatusOK, "public, max-age=300", map[string]any{
		"name":    "Tributary",
		"summary": "One stable endpoint where the world has many unstable upstreams.",
		"links": map[string]string{
			"docs": "/docs", "openapi": "/openapi.yaml", "weather": "/v1/weather?city=Delhi", "status": "/v1/status", "problems": "/problems",
		},
	})
}

// wantsHTML reports whether the caller prefers a page to JSON. It adds Accept to Vary.
func wantsHTML(w http.ResponseWriter, r *http.Request) (bool, error) {
	asHTML, asJSON := quality(r, "text/html"), quality(r, "application/json")
	w.Header().Add("Vary", "Accept")
	if asHTML == 0 && asJSON == 0 {
		return false, notAcceptable.with("the answer is application/json or text/html, which Accept rules out")
	}
	return asHTML > asJSON, nil
}

// landing serves the front page. In a demo it can also set faults.
func (s *server) landing(w http.ResponseWriter, _ *http.Request) error {
	faults, console := "", ""
	if s.Demo != nil {
		faults, console = "/_sim", s.Demo.Console
	}
	return writePage(w, "root.html", policy, "public, max-age=300", "{{faults}}", faults, "{{console}}", console)
}

// docs serves the page of the API. Scalar, which draws it, creates style elements and
// sets style attributes. The elements need a nonce, which is new for each answer, so the
// page is not stored.
func (s *server) docs(w http.ResponseWriter, _ *http.Request) error {
	nonce, key := rand.Text(), ""
	if s.Demo != nil {
		key = s.Demo.Key
	}
	allowed := strings.Replace(policy, "style-src 'self'", "style-src 'self' 'nonce-"+nonce+"'; style-src-attr 'unsafe-inline'", 1)
	return writePage(w, "docs.html", allowed, "no-store", "{{nonce}}", nonce, "{{key}}", key)
}

// writePage serves an embedded page with its placeholders replaced: pairs of a
// placeholder and a text.
func writePage(w http.ResponseWriter, name, policy, cacheControl string, pairs ...string) error {
	body, err := pages.ReadFile("pages/" + name)
	if err != nil {
		return err
	}
	for i := 1; i < len(pairs); i += 2 {
		pairs[i] = html.EscapeString(pairs[i])
	}
	writeHTML(w, policy, cacheControl, strings.NewReplacer(pairs...).Replace(string(body)))
	return nil
}

// SecurePage sets the security headers of a page: no frames, no guessing of types, and
// from other hosts only what the Content-Security-Policy allows.
func SecurePage(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// writeHTML sends a page with its security headers.
func writeHTML(w http.ResponseWriter, policy, cacheControl, body string) {
	h := w.Header()
	SecurePage(h, policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", cacheControl)
	_, _ = w.Write([]byte(body)) // fails when the client has gone
}

// withoutSlash serves /docs/ and /problems/ as /docs and /problems.
func withoutSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/docs/" || r.URL.Path == "/problems/" {
			r = r.Clone(r.Context())
			r.URL.Path = strings.TrimSuffix(r.URL.Path, "/")
			r.URL.RawPath = ""
		}
		next.ServeHTTP(w, r)
	})
}
