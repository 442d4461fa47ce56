package api_test

import (
	"bytes"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tributary/api"
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
				a.wantLinks()
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

// wantSecure checks the security headers of a page, and that its scripts and styles are
// files.
func (a *answer) wantSecure() {
	a.t.Helper()
	a.wantHeader("Content-Security-Policy", policy)
	a.wantFraming()
}

func (a *answer) wantFraming() {
	a.t.Helper()
	if body := string(a.body); strings.Contains(body, "<style") || strings.Contains(body, "<script>") || strings.Contains(body, " style=") {
		a.t.Error("the page has scripts or styles of its own, which its policy forbids")
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		a.wantHeader(name, want)
	}
}

var linked = regexp.MustCompile(`(?:src|href|action)="([^"#][^"]*)"`)

// wantLinks follows every link of a page, and returns their number. Links to elsewhere
// are mistakes.
func (a *answer) wantLinks() int {
	a.t.Helper()
	links := linked.FindAllSubmatch(a.body, -1)
	g := newGateway(a.t)
	for _, m := range links {
		path := html.UnescapeString(string(m[1]))
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
			a.t.Errorf("%s: the page loads %s from elsewhere", a.call, path)
			continue
		}
		if path == "/v1/weather" {
			continue // the action of a form, which adds a city
		}
		b := g.get(path)
		b.wantStatus(http.StatusOK)
		if len(b.body) == 0 {
			a.t.Errorf("%s is empty", path)
		}
	}
	return len(links)
}

func TestDocs(t *testing.T) {
	g := newGateway(t)
	a := g.get("/docs")
	a.wantStatus(http.StatusOK)
	a.wantHeader("Content-Type", "text/html; charset=utf-8")
	a.wantHeader("Cache-Control", "no-store") // of the nonce
	a.wantFraming()
	if links := a.wantLinks(); links < 4 {
		t.Errorf("the page has %d links, want scripts and styles", links)
	}
	for path, mediaType := range map[string]string{"/docs/docs.js": "text/javascript; charset=utf-8", "/docs/docs.css": "text/css; charset=utf-8", "/docs/mark.svg": "image/svg+xml", "/docs/api.yaml": "application/yaml", "/favicon.ico": "image/x-icon"} {
		b := g.get(path)
		b.wantHeader("Content-Type", mediaType)
		b.wantHeader("Cache-Control", "public, max-age=300")
		b.wantHeader("X-Content-Type-Options", "nosniff")
	}
	for _, path := range []string{"/docs/none.js", "/docs/docs.html", "/docs/root.html", "/docs/..%2fpages.go", "/docs/scalar.LICENSE", "/docs//", "/docs/tributary.css/more"} {
		g.get(path).wantStatus(http.StatusNotFound)
	}
	g.send(http.MethodPost, "/docs").problem(http.StatusMethodNotAllowed, "method_not_allowed")
}

func TestDocsFilesAreCompressed(t *testing.T) {
	g := newGateway(t)
	a := g.get("/docs/scalar.js", "Accept-Encoding", "gzip")
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
	for _, path := range []string{"/docs/tributary.css", "/favicon.ico"} {
		for _, encoding := range []string{"identity", "gzip"} {
			tag := g.get(path, "Accept-Encoding", encoding).Header.Get("ETag")
			if !regexp.MustCompile(`^W/"[!#-~]+"$`).MatchString(tag) {
				t.Fatalf("%s as %s: ETag = %s, want a weak entity tag, as it names every coding", path, encoding, tag)
			}
			if other := g.get("/docs/scalar.js", "Accept-Encoding", encoding).Header.Get("ETag"); other == tag {
				t.Errorf("%s as %s: two files have the ETag %s", path, encoding, tag)
			}
			for _, header := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					a := g.send(method, path, "Accept-Encoding", encoding, "If-None-Match", header)
					a.wantStatus(http.StatusNotModified)
					a.wantHeader("ETag", tag)
				}
			}
			g.get(path, "Accept-Encoding", encoding, "If-None-Match", `"other"`).wantStatus(http.StatusOK)
			g.send(http.MethodHead, path, "Accept-Encoding", encoding).wantHeader("ETag", tag)
		}
	}
}

// A range of a file would be an answer that openapi.yaml does not describe.
func TestDocsFilesAreWhole(t *testing.T) {
	g := newGateway(t)
	for path, ranges := range map[string]string{"/docs/tributary.css": "none", "/docs/scalar.js": "none", "/favicon.ico": "none"} {
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
	for _, file := range []string{"tributary.css", "scalar.js", "mark.svg"} {
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
	newGateway(t).get("/docs/scalar.js.gz").wantStatus(http.StatusNotFound)
}

func TestDocsFilesAreNotCompressedForEverybody(t *testing.T) {
	g := newGateway(t)
	for accepted, want := range map[string]string{
		"gzip;q=0": "", "gzip; q=0.000, *;q=0.1": "", "GZIP;Q=0,identity": "", "deflate": "", "gzip;q=0, zstd": "zstd", "gzip;q=0.001": "gzip", "gzip;q=0.5, br": "gzip",
	} {
		g.get("/docs/scalar.js", "Accept-Encoding", accepted).wantHeader("Content-Encoding", want)
	}
}

func TestPagesAreOpen(t *testing.T) {
	g := guarded(t)
	for _, path := range []string{"/", "/docs", "/docs/docs.js", "/docs/tributary.css", "/favicon.ico", "/problems", "/openapi.yaml", "/livez", "/readyz", "/problems/forbidden"} {
		for _, header := range [][]string{nil, {"X-API-Key", "guess"}, {"Authorization", "Basic x"}} {
			g.get(path, header...).wantStatus(http.StatusOK)
		}
	}
}

// The page of the API needs styles that Scalar creates, and no other ones.
func TestDocsAllowOnlyTheirOwnStyles(t *testing.T) {
	g := newGateway(t)
	nonces := make(map[string]bool)
	for range 2 {
		a := g.get("/docs")
		m := regexp.MustCompile(`nonce="([A-Z2-7]{26})"`).FindSubmatch(a.body)
		if m == nil {
			t.Fatal("the page has no nonce")
		}
		nonces[string(m[1])] = true
		a.wantHeader("Content-Security-Policy", strings.Replace(policy, "style-src 'self'", "style-src 'self' 'nonce-"+string(m[1])+"'; style-src-attr 'unsafe-inline'", 1))
	}
	if len(nonces) != 2 {
		t.Errorf("nonces = %v, want a new one for each answer", nonces)
	}
}

func TestPagesWithAndWithoutASlash(t *testing.T) {
	g := newGateway(t)
	for _, path := range []string{"/docs", "/problems"} {
		for _, accept := range []string{"text/html", "*/*"} {
			a := g.get(path+"/", "Accept", accept)
			a.wantStatus(http.StatusOK)
			a.wantHeader("Content-Type", g.get(path, "Accept", accept).Header.Get("Content-Type"))
		}
	}
}

// Only a demo has plugs to pull, and a key for everybody.
func TestDemoPages(t *testing.T) {
	const key = `data-key="demo-key"`
	plain := newGateway(t)
	for _, path := range []string{"/", "/docs"} {
		if a := plain.get(path, "Accept", "text/html"); strings.Contains(string(a.body), "demo-key") || strings.Contains(string(a.body), "/_sim") {
			t.Errorf("%s without a demo: %s", path, a.body)
		}
	}
	plain.get("/_sim").problem(http.StatusNotFound, "not_found")

	var pulled []string
	demo := newGateway(t, func(cfg *setup) {
		cfg.Demo = &api.Demo{Key: "demo-key", Console: "http://127.0.0.1:8081/console", Faults: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			pulled = append(pulled, r.Method+" "+r.URL.Path)
			w.WriteHeader(http.StatusNoContent)
		})}
	})
	for path, want := range map[string][]string{"/": {`data-faults="/_sim"`, `href="http://127.0.0.1:8081/console"`}, "/docs": {key}} {
		body := string(demo.get(path, "Accept", "text/html").body)
		for _, text := range want {
			if !strings.Contains(body, text) {
				t.Errorf("%s of a demo lacks %s: %s", path, text, body)
			}
		}
	}
	for site, want := range map[string]int{"same-origin": http.StatusNoContent, "cross-site": http.StatusForbidden} {
		r := httptest.NewRequest(http.MethodPut, "/_sim/openmeteo", strings.NewReader(`{"mode": "down"}`))
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		demo.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("a fault from a page that is %s: status = %d, want %d", site, w.Code, want)
		}
	}
	if want := []string{"PUT /_sim/openmeteo"}; !slices.Equal(pulled, want) {
		t.Errorf("faults = %q, want %q", pulled, want)
	}
}
