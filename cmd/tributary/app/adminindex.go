package app

import (
	"io"
	"net/http"
)

// adminIndex is what operators find at the root of the admin listener.
func adminIndex(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tributary for operators</title>
<link rel="icon" href="data:,">
</head>
<body>
<h1>Tributary for operators</h1>
<ul>
<li><a href="/console">/console</a>: what flows, what fails, and why</li>
<li><a href="/metrics">/metrics</a>: for Prometheus</li>
<li><a href="/debug/pprof/">/debug/pprof/</a>: profiles of the process</li>
</ul>
<p>This address is for operators only. The API is at another one.</p>
</body>
</html>
`)
}
