package api_test

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func TestRoot(t *testing.T) {
	g := newGateway(t)
	for _, c := range []struct{ name, accept, want string }{
		{"nothing", "", "application/json"},
		{"anything", "*/*", "application/json"},
		{"JSON", "application/json", "application/json"},
		{"a page", "text/html", "text/html; charset=utf-8"},
		{"what a browser does", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"},
		{"any text", "text/*", "text/html; charset=utf-8"},
		{"JSON rather than a page", "text/html;q=0.5, application/json", "application/json"},
		{"neither", "image/png", ""},
		{"neither of them", "text/html;q=0, application/json;q=0", ""},
	} {
		t.Run("for callers that accept "+c.name, func(t *testing.T) {
			header := []string{}
			if c.accept != "" {
				header = []string{"Accept", c.accept}
			}
			a := g.get("/", header...)
			a.wantHeader("Vary", "Accept")
			if c.want == "" {
				a.problem(http.StatusNotAcceptable, "not_acceptable")
				return
			}
			a.wantStatus(http.StatusOK)
			a.wantHeader("Content-Type", c.want)
			a.wantHeader("Cache-Control", "public, max-age=300")
			if strings.HasPrefix(c.want, "text/html") {
				a.wantSecure()
				for _, path := range local(a.body) {
					g.get(path).wantStatus(http.StatusOK)
				}
				return
			}
			for name, link := range decode[struct{ Links map[string]string }](a).Links {
				if name != "docs" {
					g.get(link).wantStatus(http.StatusOK)
				}
			}
		})
	}
}

// wantSecure checks the security headers of a page.
func (a *answer) wantSecure() {
	a.t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		a.wantHeader(name, want)
	}
}

var linked = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

// local returns the paths that a page links to; other links are mistakes.
func local(page []byte) (paths []string) {
	for _, m := range linked.FindAllSubmatch(page, -1) {
		paths = append(paths, string(m[1]))
	}
	return paths
}

func TestDocs(t *testing.T) {
	g := newGateway(t)
	a := g.get("/docs")
	a.wantStatus(http.StatusOK)
	a.wantHeader("Content-Type", "text/html; charset=utf-8")
	a.wantHeader("Cache-Control", "public, max-age=300")
	a.wantSecure()
	if body := string(a.body); strings.Contains(body, "<style") || strings.Contains(body, "<script>") || strings.Contains(body, " style=") {
		t.Error("the page has scripts or styles of its own, which its policy forbids")
	}
	paths := local(a.body)
	if len(paths) < 4 {
		t.Fatalf("the page loads %q, want scripts and styles", paths)
	}
	for _, path := range paths {
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
			t.Errorf("the page loads %s from elsewhere", path)
			continue
		}
		b := g.get(path)
		b.wantStatus(http.StatusOK)
		if len(b.body) == 0 {
			t.Errorf("%s is empty", path)
		}
	}
	for path, mediaType := range map[string]string{"/docs/start.js": "text/javascript; charset=utf-8", "/docs/style.css": "text/css; charset=utf-8", "/docs/swagger-ui.css": "text/css; charset=utf-8"} {
		b := g.get(path)
		b.wantHeader("Content-Type", mediaType)
		b.wantHeader("Cache-Control", "public, max-age=3600")
		b.wantHeader("X-Content-Type-Options", "nosniff")
	}
	for _, path := range []string{"/docs/none.js", "/docs/docs.html", "/docs/root.html", "/docs/..%2fpages.go", "/docs/", "/docs/swagger-ui.css/more"} {
		g.get(path).wantStatus(http.StatusNotFound)
	}
	g.send(http.MethodPost, "/docs").problem(http.StatusMethodNotAllowed, "method_not_allowed")
}

func TestDocsFilesAreCompressed(t *testing.T) {
	g := newGateway(t)
	a := g.get("/docs/swagger-ui-bundle.js", "Accept-Encoding", "gzip")
	a.wantHeader("Content-Encoding", "gzip")
	if vary := a.Header.Values("Vary"); len(vary) != 1 {
		t.Errorf("Vary = %q, want Accept-Encoding once", vary)
	}
	if a.ContentLength < 1 || a.ContentLength*2 > int64(len(a.body)) {
		t.Errorf("%d bytes of %d, want far fewer", a.ContentLength, len(a.body))
	}
}

func TestDocsFilesAreValidated(t *testing.T) {
	g := newGateway(t)
	for _, encoding := range []string{"identity", "gzip"} {
		first := g.get("/docs/swagger-ui.css", "Accept-Encoding", encoding)
		tag := first.Header.Get("ETag")
		if !regexp.MustCompile(`^W/"[!#-~]+"$`).MatchString(tag) {
			t.Fatalf("%s: ETag = %s, want a weak entity tag, as it names every coding", encoding, tag)
		}
		if other := g.get("/docs/swagger-ui-bundle.js", "Accept-Encoding", encoding).Header.Get("ETag"); other == tag {
			t.Errorf("%s: two files have the ETag %s", encoding, tag)
		}
		for _, header := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				a := g.send(method, "/docs/swagger-ui.css", "Accept-Encoding", encoding, "If-None-Match", header)
				a.wantStatus(http.StatusNotModified)
				a.wantHeader("ETag", tag)
			}
		}
		g.get("/docs/swagger-ui.css", "Accept-Encoding", encoding, "If-None-Match", `"other"`).wantStatus(http.StatusOK)
		g.send(http.MethodHead, "/docs/swagger-ui.css", "Accept-Encoding", encoding).wantHeader("ETag", tag)
	}
}

// A range of a file would be an answer that openapi.yaml does not describe.
func TestDocsFilesAreWhole(t *testing.T) {
	g := newGateway(t)
	for path, ranges := range map[string]string{"/docs/swagger-ui.css": "none", "/docs/start.js": ""} {
		whole := g.get(path, "Accept-Encoding", "identity")
		for _, header := range [][2]string{{"Range", "bytes=0-9"}, {"Range", "bytes=0-0,2-3"}, {"Range", "bytes=99999999-"}, {"If-Match", `"other"`}, {"If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"}} {
			a := g.get(path, header[0], header[1], "Accept-Encoding", "identity")
			a.wantStatus(http.StatusOK)
			a.wantHeader("Accept-Ranges", ranges)
			if !bytes.Equal(a.body, whole.body) {
				t.Errorf("%s with %s: %d bytes, want all %d", a.call, header, len(a.body), len(whole.body))
			}
		}
	}
}

func TestDocsFilesAreTheSameInEveryCoding(t *testing.T) {
	g := newGateway(t)
	for _, file := range []string{"swagger-ui.css", "swagger-ui-bundle.js", "favicon-16x16.png"} {
		plain := g.get("/docs/"+file, "Accept-Encoding", "identity")
		for _, encoding := range []string{"gzip", "zstd", "gzip, zstd", ""} {
			if coded := g.get("/docs/"+file, "Accept-Encoding", encoding); len(plain.body) == 0 || !bytes.Equal(coded.body, plain.body) {
				t.Errorf("%s as %q has %d bytes, as identity %d, want the same", file, encoding, len(coded.body), len(plain.body))
			}
		}
	}
}

// The embedded files' own names are not paths of ours.
func TestDocsFilesAreNotServedAsEmbedded(t *testing.T) {
	newGateway(t).get("/docs/swagger-ui.css.gz").wantStatus(http.StatusNotFound)
}

func TestDocsFilesAreNotCompressedForEverybody(t *testing.T) {
	g := newGateway(t)
	for accepted, want := range map[string]string{
		"gzip;q=0": "", "gzip; q=0.000, *;q=0.1": "", "GZIP;Q=0,identity": "", "deflate": "", "gzip;q=0, zstd": "zstd", "gzip;q=0.001": "gzip", "gzip;q=0.5, br": "gzip",
	} {
		g.get("/docs/swagger-ui.css", "Accept-Encoding", accepted).wantHeader("Content-Encoding", want)
	}
}

func TestPagesAreOpen(t *testing.T) {
	g := guarded(t)
	for _, path := range []string{"/", "/docs", "/docs/start.js", "/docs/swagger-ui.css", "/openapi.yaml", "/livez", "/readyz", "/problems/forbidden"} {
		for _, header := range [][]string{nil, {"X-API-Key", "guess"}, {"Authorization", "Basic x"}} {
			g.get(path, header...).wantStatus(http.StatusOK)
		}
	}
}
