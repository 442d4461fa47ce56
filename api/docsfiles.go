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
)

// docsFile is a file that the pages load.
type docsFile struct {
	body    []byte
	gzipped bool   // body is; only of Scalar's script
	tag     string // weak: it names the file in any coding
}

var fileTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".ico": "image/x-icon", ".yaml": "application/yaml",
}

// readDocsFile finds a file by its name: a script, a style or a picture, which are
// embedded, or the description of the API as the page shows it.
func (s *server) readDocsFile(name string) (f docsFile, ok bool) {
	var err error
	switch {
	case name == "api.yaml":
		f.body, err = s.forReading()
	case fileTypes[path.Ext(name)] == "":
		return f, false // the pages themselves, licences
	default:
		if f.body, err = pages.ReadFile("pages/" + name); err != nil {
			f.body, err = pages.ReadFile("pages/" + name + ".gz")
			f.gzipped = true
		}
	}
	if err != nil {
		return f, false
	}
	sum := sha256.Sum256(f.body)
	f.tag = `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return f, true
}

func (s *server) serveDocsFile(w http.ResponseWriter, r *http.Request) error {
	return s.serveFile(w, r, pathParam(r, "file"))
}

func (s *server) favicon(w http.ResponseWriter, r *http.Request) error {
	return s.serveFile(w, r, "favicon.ico")
}

// serveFile serves a whole file: ranges and preconditions other than If-None-Match are
// ignored.
func (s *server) serveFile(w http.ResponseWriter, r *http.Request, name string) error {
	f, ok := s.readDocsFile(name)
	if !ok {
		return errNoRoute
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", f.tag)
	h.Set("Accept-Ranges", "none")
	if matches(r.Header.Values("If-None-Match"), f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
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
