package api

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/swaggest/swgui/v5/static"
	"github.com/vearutop/statigz"
)

// docsFiles serves what our pages load: a script and a style of ours, and
// Swagger UI's files, compressed as they are.
func docsFiles() func(http.ResponseWriter, *http.Request) error {
	theirs := statigz.FileServer(static.FS)
	return func(w http.ResponseWriter, r *http.Request) error {
		file := pathParam(r, "file")
		inside := r.Clone(r.Context())
		inside.URL.Path = "/" + file
		for _, name := range []string{"Range", "If-Range", "If-Match", "If-None-Match", "If-Unmodified-Since"} {
			inside.Header.Del(name) // whole files only, or none
		}
		if refusesGzip.MatchString(r.Header.Get("Accept-Encoding")) {
			inside.Header.Del("Accept-Encoding") // in which they look for the word only
		}
		ours := map[string]string{"start.js": "text/javascript", "style.css": "text/css"}[file]
		if ours == "" && !theirs.Found(inside) {
			return errNoRoute // a 404 of theirs would be plain text
		}
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=3600")
		h.Set("X-Content-Type-Options", "nosniff")
		if ours != "" {
			body, err := pages.ReadFile("pages/" + file)
			if err != nil {
				return err
			}
			h.Set("Content-Type", ours+"; charset=utf-8")
			_, _ = w.Write(body)
			return nil
		}
		t := &tagged{ResponseWriter: w, known: r.Header.Values("If-None-Match")}
		theirs.ServeHTTP(t, inside)
		t.WriteHeader(http.StatusOK) // to a HEAD they write nothing
		return nil
	}
}

var refusesGzip = regexp.MustCompile(`(?i)\bgzip[ \t]*;[ \t]*q=0(\.0*)?[ \t]*(,|$)`)

// tagged is a response with a file, whose entity tag lacks its quotes (RFC 9110
// §8.8.3). It is a 304 if the tag is known.
type tagged struct {
	http.ResponseWriter

	known  []string // If-None-Match
	status int      // 0: not written yet
}

func (t *tagged) WriteHeader(status int) {
	if t.status != 0 {
		return
	}
	h := t.Header()
	h.Set("Accept-Ranges", "none")
	h["Vary"] = slices.Compact(h["Vary"]) // they say Accept-Encoding, as all of ours do
	if tag := h.Get("ETag"); tag != "" {
		tag = `"` + tag + `"`
		h.Set("ETag", tag)
		if matches(t.known, tag) {
			status = http.StatusNotModified
			h.Del("Content-Type")
			h.Del("Content-Length")
			h.Del("Content-Encoding")
		}
	}
	t.status = status
	t.ResponseWriter.WriteHeader(status)
}

func (t *tagged) Write(p []byte) (int, error) {
	t.WriteHeader(http.StatusOK)
	if t.status == http.StatusNotModified {
		return len(p), nil
	}
	return t.ResponseWriter.Write(p)
}
