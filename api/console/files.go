package console

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"path"
	"strconv"
	"strings"

	"tributary/api"
)

// The page, with its scripts and styles.
//
//go:embed page
var page embed.FS

var fileTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8",
}

// serveFile serves an embedded file. Browsers revalidate it before each use: a new
// program must not meet old scripts.
func serveFile(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := page.ReadFile("page/" + name)
		if name == "tributary.css" || name == "mark.svg" {
			body, err = api.PageFile(name)
		}
		if err != nil {
			notFound.write(w)
			return
		}
		sum := sha256.Sum256(body)
		tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		kind := fileTypes[path.Ext(name)]
		if kind == "" {
			kind = "text/plain; charset=utf-8" // a licence
		}
		h := w.Header()
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		if strings.Contains(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Type", kind)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) // fails only when the client has disconnected
	}
}
