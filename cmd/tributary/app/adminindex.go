package app

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"tributary/api"
)

// adminIndex is what operators find at the root of the admin listener: links to what is
// switched on.
func adminIndex(console, pprof bool) http.HandlerFunc {
	var links strings.Builder
	link := func(path, text string) { fmt.Fprintf(&links, "<li><a href=%q>%s</a>: %s</li>\n", path, path, text) }
	if console {
		link("/console", "what flows, what fails, and why")
	}
	link("/metrics", "for Prometheus")
	if pprof {
		link("/debug/pprof/", "profiles of the process")
	}
	page := fmt.Sprintf(adminPage, adminStyle, links.String())
	hash := sha256.Sum256([]byte(adminStyle))
	policy := "default-src 'none'; img-src data:; frame-ancestors 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		api.SecurePage(h, policy)
		_, _ = w.Write([]byte(page))
	}
}

const adminStyle = `body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.2; }`

const adminPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tributary for operators</title>
<link rel="icon" href="data:,">
<style>%s</style>
</head>
<body>
<main>
<h1>Tributary for operators</h1>
<ul>
%s</ul>
<p>This address is for operators only. The API is at another one.</p>
</main>
</body>
</html>
`
