package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"path"
	"regexp"
	"strconv"

	"github.com/swaggest/swgui/v5/static"
)

// docsFile is a file that the pages load.
type docsFile struct {
	body    []byte
	gzipped bool   // body is; only of Swagger UI's files
	tag     string // weak: it names the file in any coding; empty: none
}

// readDocsFile finds a script or a style of ours, or one of Swagger UI's files, most
// of which are embedded compressed.
func readDocsFile(name string) (f docsFile, ok bool) {
	var err error
	if name == "start.js" || name == "style.css" {
		f.body, err = pages.ReadFile("pages/" + name)
		return f, err == nil
	}
	if f.body, err = static.FS.ReadFile(name + ".gz"); err == nil {
		f.gzipped = true
	} else if f.body, err = static.FS.ReadFile(name); err != nil || path.Ext(name) == ".gz" {
		return f, false
	}
	sum := sha256.Sum256(f.body)
	f.tag = `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return f, true
}

var fileTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".png": "image/png",
}

// serveDocsFile serves a whole file: ranges and preconditions other than
// If-None-Match are ignored.
func serveDocsFile(w http.ResponseWriter, r *http.Request) error {
	name := pathParam(r, "file")
	f, ok := readDocsFile(name)
	if !ok {
		return errNoRoute
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("X-Content-Type-Options", "nosniff")
	if f.tag != "" {
		h.Set("ETag", f.tag)
		h.Set("Accept-Ranges", "none")
		if matches(r.Header.Values("If-None-Match"), f.tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	h.Set("Content-Type", fileTypes[path.Ext(name)])
	if f.gzipped && !acceptsGzip(r) {
		unzipped, err := gzip.NewReader(bytes.NewReader(f.body))
		if err != nil {
			return err
		}
		_, _ = io.Copy(w, unzipped) // a write fails when the client has gone
		return nil
	}
	if f.gzipped {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(f.body)))
	}
	_, _ = w.Write(f.body)
	return nil
}

var (
	namesGzip   = regexp.MustCompile(`(?i)\bgzip\b`)
	refusesGzip = regexp.MustCompile(`(?i)\bgzip[ \t]*;[ \t]*q=0(\.0*)?[ \t]*(,|$)`)
)

func acceptsGzip(r *http.Request) bool {
	accepted := r.Header.Get("Accept-Encoding")
	return namesGzip.MatchString(accepted) && !refusesGzip.MatchString(accepted)
}
