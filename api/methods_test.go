package api_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// paths are all paths, with a valid query.
var paths = []string{here, forecastHere, airHere, "/v1/places?q=Delhi", hereLive, airHereLive, "/v1/status", "/livez", "/readyz", "/", "/docs", "/docs/docs.js", "/favicon.ico", "/openapi.yaml", "/problems", "/problems/not-found"}

func TestOtherMethods(t *testing.T) {
	g := newGateway(t)
	for _, path := range paths {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE", "get"} {
			a := g.send(method, path)
			p := a.problem(http.StatusMethodNotAllowed, "method_not_allowed")
			a.wantHeader("Allow", "GET, HEAD, OPTIONS")
			a.wantHeader("Cache-Control", "no-store")
			if p.Detail != "the methods of this path are GET, HEAD, OPTIONS" {
				t.Errorf("%s: detail = %q", a.call, p.Detail)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	g := guarded(t) // OPTIONS needs no credentials
	allowed := map[string]string{"/v1/users": "GET, HEAD, POST, OPTIONS", "/v1/users/1": "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"}
	for _, path := range slices.Concat(paths, []string{"/", "/docs", "/v1/weather", "/v1/users", "/v1/users/1"}) {
		a := g.send(http.MethodOptions, path)
		a.wantStatus(http.StatusNoContent)
		a.wantHeader("Allow", cmp.Or(allowed[path], "GET, HEAD, OPTIONS"))
		a.wantHeader("Accept-Patch", map[bool]string{true: "application/merge-patch+json, application/json"}[path == "/v1/users/1"])
		if len(a.body) > 0 {
			t.Errorf("%s: body %q, want none", a.call, a.body)
		}
	}
	g.send(http.MethodOptions, "/nothing").problem(http.StatusNotFound, "not_found")
}

func TestUnknownPaths(t *testing.T) {
	g := newGateway(t)
	for _, path := range []string{
		"/v1", "/v1/", "/v1/weather/", "/V1/weather", "/v1/weather/Delhi", "/v2/weather", "/v1//weather", "/livez/", "/openapi.json",
		"/problems/unknown", "/problems/not-found/more", "/problems/Not-Found", "/v1/w%65%61ther%2F", "/%FF/%3Cb%3E%20",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PURGE"} {
			a := g.send(method, path)
			if method != http.MethodGet && theContract().Has(a.Request.URL.Path) {
				continue // an unknown problem type is a path of a documented kind
			}
			a.wantStatus(http.StatusNotFound)
			a.wantHeader("Cache-Control", "max-age=30")
			a.wantHeader("Allow", "")
			if method != http.MethodHead {
				a.problem(http.StatusNotFound, "not_found")
			}
		}
	}
}

// A reference that begins with two slashes is resolved as a host.
func TestInstanceIsAPath(t *testing.T) {
	g := newGateway(t)
	for path, want := range map[string]string{"//example.com/x": "/.//example.com/x", "//%2e%2e": "/.//%2e%2e", "/%FF/%3Cb%3E%20": "/%FF/%3Cb%3E%20", "/.x//": "/.x//"} {
		if p := g.get(path).problem(http.StatusNotFound, "not_found"); p.Instance != want {
			t.Errorf("GET %s: instance = %q, want %q", path, p.Instance, want)
		}
	}
}

// Not every request target is a path (RFC 9112 §3.2).
func TestOddTargets(t *testing.T) {
	g := newGateway(t)
	for name, c := range map[string]struct {
		line     string
		status   int
		instance string // of the problem
		allow    string
	}{
		"CONNECT to a host":          {"CONNECT example.com:443 HTTP/1.1", 405, "/", "GET, HEAD, OPTIONS"},
		"CONNECT to an address":      {"CONNECT [::1]:443 HTTP/1.1", 405, "/", "GET, HEAD, OPTIONS"},
		"CONNECT to a path":          {"CONNECT /v1/users HTTP/1.1", 405, "/v1/users", "GET, HEAD, POST, OPTIONS"},
		"CONNECT to an unknown path": {"CONNECT /nothing HTTP/1.1", 404, "/nothing", ""},
		"a host without a path":      {"POST http://gateway.test HTTP/1.1", 405, "/", "GET, HEAD, OPTIONS"},
		"a host with a path":         {"GET http://gateway.test/v1/weather?lat=x HTTP/1.1", 400, "/v1/weather", ""},
		"a host with an odd path":    {"GET http://gateway.test//x HTTP/1.1", 404, "/.//x", ""},
		"OPTIONS of a host":          {"OPTIONS http://gateway.test HTTP/1.1", 204, "", "GET, HEAD, OPTIONS"},
		"OPTIONS of the server":      {"OPTIONS * HTTP/1.1", 204, "", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
		"another method of it":       {"GET * HTTP/1.1", 404, "*", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(c.line + "\r\nHost: gateway.test\r\n\r\n")))
			if err != nil {
				t.Fatal(err)
			}
			r.RemoteAddr = "192.0.2.1:1000"
			w := httptest.NewRecorder()
			g.handler.ServeHTTP(w, r)
			var p problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil && c.instance != "" {
				t.Fatalf("body %q: %v", w.Body, err)
			}
			if w.Code != c.status || p.Instance != c.instance || w.Header().Get("Allow") != c.allow {
				t.Errorf("%s: status %d, instance %q, Allow %q; want %d, %q, %q", c.line, w.Code, p.Instance, w.Header().Get("Allow"), c.status, c.instance, c.allow)
			}
		})
	}
}

func TestHead(t *testing.T) {
	it(t, "is a GET without the body", func(t *testing.T) {
		g := newGateway(t)
		g.get(here) // so that both requests find the same cache entries
		g.get("/v1/places?q=Delhi")
		g.get(airHere)
		g.get(forecastHere)
		for _, path := range append(paths, "/v1/weather", "/problems/unknown", "/nothing") {
			get, head := g.get(path, "Accept-Encoding", "identity"), g.send(http.MethodHead, path, "Accept-Encoding", "identity")
			head.wantStatus(get.StatusCode)
			if len(head.body) > 0 {
				t.Errorf("%s: body %q, want none", head.call, head.body)
			}
			if a, b := slices.Sorted(maps.Keys(head.Header)), slices.Sorted(maps.Keys(get.Header)); !slices.Equal(a, b) {
				t.Errorf("%s: headers %v, want those of GET, %v", head.call, a, b)
			}
			for _, name := range []string{"ETag", "Cache-Control", "Cache-Status", "Content-Type", "Vary", "Allow"} {
				head.wantHeader(name, strings.Join(get.values(name), " | "))
			}
			if path != "/v1/status" && head.ContentLength != get.ContentLength { // status has counters that change
				t.Errorf("%s: Content-Length = %d, want %d", head.call, head.ContentLength, get.ContentLength)
			}
		}
	})
}

func TestBodies(t *testing.T) {
	const mebibyte = 1 << 20
	g := newGateway(t)
	send := func(method, path string, size int) *answer {
		t.Helper()
		r, err := http.NewRequest(method, "http://gateway.test"+path, bytes.NewReader(make([]byte, size)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Expect", "100-continue") // a rejected client has not sent the body yet
		return g.do(r)
	}
	for _, path := range append(paths, "/nothing") {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			a := send(method, path, mebibyte+1)
			a.problem(http.StatusRequestEntityTooLarge, "body_too_large")
			a.wantHeader("Cache-Control", "no-store")
			if !a.Close {
				t.Errorf("%s: the connection stays open, with a body on its way", a.call)
			}
		}
	}
	send(http.MethodGet, here, mebibyte).wantStatus(http.StatusOK)
	send(http.MethodPost, here, mebibyte).wantStatus(http.StatusMethodNotAllowed)
}
