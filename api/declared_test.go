package api_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"tributary/api"
	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/declared"
)

const declaredFile = `
version: 1
upstreams: {things: {}}
sources:
  thing: {get: "things /things/{id}", answer: any.json}
  goods: {get: "things /goods?sku={skus}", answer: any.json, batch: {over: skus, by: .sku, most: 3, join: ","}}
endpoints:
  /v1/goods: {scope: none, parameters: {sku: {type: array, items: {type: string}}}, parts: {goods: {ask: {skus: sku}, required: true}}, data: goods}
  /v1/never: {scope: none, parts: {thing: {ask: {id: '"1"'}, when: 1 > 2}}, data: {thing: thing}}
  /v1/private/{id}: &x
    scope: weather:read
    parameters: {id: {type: string}, size: {type: integer, maximum: 9}}
    parts: {thing: {ask: {id: id}, required: true}}
    data: thing
`

// declaredGateway serves copies of one endpoint, which differ in scope and caching.
func declaredGateway(t *testing.T, status int, body string, changes ...func(*setup)) *gateway {
	t.Helper()
	one := declaredFile[strings.Index(declaredFile, "  /v1/private"):]
	file := strings.ReplaceAll(declaredFile[:len(declaredFile)-len(one)]+one, " &x", "")
	one = strings.ReplaceAll(one, " &x", "")
	for name, more := range map[string]string{
		"public": "cache: public", "revalidate": "cache: revalidate",
		"old": "deprecated: 2027-01-01\n    sunset: 2028-01-01\n    successor: /v1/public/{id}",
	} {
		file += strings.Replace(one, "/v1/private/{id}:", "/v1/"+name+"/{id}:\n    "+more, 1)
	}
	closed := strings.Replace(one, "weather:read", "things:read", 1)
	file += strings.Replace(closed, "/v1/private/{id}:", "/v1/closed/{id}:\n    cache: public", 1)
	open := strings.Replace(one, "weather:read", "none", 1)
	file += strings.Replace(open, "/v1/private/{id}:", "/v1/open/{id}:\n    cache: public", 1)

	var s *setup
	g := newGateway(t, append(changes, func(changed *setup) { s = changed })...)
	store := cache.NewStore(100)
	up := s.open(g, "things", roundTrip(func(r *http.Request) (*http.Response, error) {
		rec := httptest.NewRecorder()
		rec.WriteHeader(status)
		rec.WriteString(body)
		return rec.Result(), nil
	}), store)
	files := fstest.MapFS{"endpoints.yaml": {Data: []byte(file)}, "any.json": {Data: []byte("{}")}}
	read, mistakes := declared.Read(files, "endpoints.yaml")
	definition, more := read.Compile(declared.Known{Files: files})
	if definition == nil {
		t.Fatal(mistakes, more)
	}
	g.handler.(*api.API).Declare(definition.Bind(declared.Connections{
		Upstreams: map[string]*upstream.Upstream{"things": up}, Store: store, Patience: time.Second,
	}, nil), func() []byte { return nil })
	return g
}

// digits is a max-age, which differs from entry to entry, so that not all expire at once.
var digits = regexp.MustCompile(`max-age=[1-9][0-9]+`)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// declared sends a request that openapi.yaml does not describe.
func (g *gateway) declared(method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	g.handler.ServeHTTP(rec, r)
	return rec
}

func TestADeclaredEndpoint(t *testing.T) {
	it(t, "may be stored as the file and its scope say", func(t *testing.T) {
		g := declaredGateway(t, 200, `{"a":1}`)
		const fresh = "max-age=N, stale-while-revalidate=60, stale-if-error=86400"
		for path, want := range map[string]string{
			"/v1/private/1": "private, " + fresh, "/v1/public/2": "public, " + fresh, "/v1/open/3": "public, " + fresh, "/v1/revalidate/4": "private, no-cache",
		} {
			rec := g.declared("GET", path)
			if got := digits.ReplaceAllString(rec.Header().Get("Cache-Control"), "max-age=N"); rec.Code != 200 || got != want {
				t.Errorf("GET %s = %d with Cache-Control %q, want %q", path, rec.Code, got, want)
			}
			varies := strings.Contains(strings.Join(rec.Header().Values("Vary"), ","), "Authorization")
			if public := strings.HasPrefix(want, "public"); varies == public {
				t.Errorf("GET %s: Vary = %q with Cache-Control %q", path, rec.Header().Values("Vary"), want)
			}
		}
	})
	it(t, "answers HEAD with the headers of GET", func(t *testing.T) {
		g := declaredGateway(t, 200, `{"a":1}`)
		g.declared("GET", "/v1/public/1")
		get, head := g.declared("GET", "/v1/public/1"), g.declared("HEAD", "/v1/public/1")
		for _, h := range []http.Header{get.Header(), head.Header()} {
			for _, name := range []string{"X-Request-Id", "Server-Timing", "Traceresponse"} {
				h.Del(name)
			}
		}
		if head.Code != 200 || !maps.EqualFunc(get.Header(), head.Header(), func(a, b []string) bool { return strings.Join(a, ",") == strings.Join(b, ",") }) {
			t.Errorf("HEAD = %d %v, want %v", head.Code, head.Header(), get.Header())
		}
	})
	it(t, "has no time left when nothing was asked for", func(t *testing.T) {
		h := declaredGateway(t, 200, `{}`).declared("GET", "/v1/never").Header()
		if got := h.Get("Cache-Status"); got != "tributary; hit; ttl=0" {
			t.Errorf("Cache-Status = %q", got)
		}
	})
	it(t, "answers 304 for the tag that it gave", func(t *testing.T) {
		g := declaredGateway(t, 200, `{"a":1}`)
		tag := g.declared("GET", "/v1/public/1").Header().Get("ETag")
		rec := g.declared("GET", "/v1/public/1", "If-None-Match", tag)
		if tag == "" || rec.Code != 304 || rec.Body.Len() != 0 || rec.Header().Get("ETag") != tag {
			t.Errorf("status = %d %s with the tag %s, want 304", rec.Code, rec.Body, tag)
		}
	})
	it(t, "announces its end", func(t *testing.T) {
		h := declaredGateway(t, 200, `{}`).declared("GET", "/v1/old/1").Header()
		if h.Get("Deprecation") != "@1798761600" || h.Get("Sunset") != "Sat, 01 Jan 2028 00:00:00 GMT" || !strings.Contains(h.Get("Link"), `rel="successor-version"`) {
			t.Errorf("headers = %v", h)
		}
	})
	for _, c := range []struct {
		name, method, path string
		upstream, status   int
		contains           string
	}{
		{"names a parameter that breaks a rule", "GET", "/v1/public/1?size=10", 200, 400, `"size"`},
		{"names a parameter that would be another path", "GET", "/v1/public/%2e%2e", 200, 400, `"id"`},
		{"names a parameter that nobody can be asked for", "GET", "/v1/goods?sku=a%2Cb", 200, 400, `"parameter":"sku","detail":"1 of 1 keys cannot be asked`},
		{"needs its scope", "GET", "/v1/closed/1", 200, 403, "things:read"},
		{"is found by its whole path", "GET", "/v1/public/1/2", 200, 404, "not-found"},
		{"has no other methods", "POST", "/v1/public/1", 200, 405, "method-not-allowed"},
		{"is not found when what is required is not", "GET", "/v1/public/1", 404, 404, "not-found"},
		{"fails when what is required does", "GET", "/v1/public/1", 500, 502, `"server_error"`},
	} {
		it(t, c.name, func(t *testing.T) {
			rec := declaredGateway(t, c.upstream, "{}").declared(c.method, c.path)
			if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.contains) {
				t.Errorf("%s %s = %d %s, want %d with %s", c.method, c.path, rec.Code, rec.Body, c.status, c.contains)
			}
			if rec.Code == 405 && rec.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
				t.Errorf("Allow = %q", rec.Header().Get("Allow"))
			}
		})
	}
}
