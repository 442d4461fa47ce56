package app

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What callers and upstreams send must not decide which host is called, which path, with
// which query or header. asked is every request that upstreams got.
func TestForeignInputInRequestsToUpstreams(t *testing.T) {
	const search = "geocoding.test/v1/search?name="
	const one = "&count=1&language=en&format=json"
	nothing := []string(nil)
	for _, c := range []struct {
		name, target string
		status       int
		asked        []string // without the weather of the place
	}{
		{"a URL as a city", "/v1/weather?city=http://169.254.169.254/latest", 404, []string{search + "http%3A%2F%2F169.254.169.254%2Flatest" + one}},
		{"a host as a city", "/v1/weather?city=//evil.test", 404, []string{search + "%2F%2Fevil.test" + one}},
		{"a city with a second query", "/v1/weather?city=a%26count%3D99%23", 404, []string{search + "a%26count%3D99%23" + one}},
		{"a city with an escape", "/v1/weather?city=a%2525%2526b", 404, []string{search + "a%2525%2526b" + one}},
		{"a city with a line", "/v1/weather?city=a%0d%0aX-Injected:%201", 400, nothing},
		{"a city with a NUL", "/v1/weather?city=a%00", 400, nothing},
		{"a country with a query", "/v1/weather?city=a&country=IN%26x=1", 400, nothing},
		{"a URL as a latitude", "/v1/weather?lat=http://evil.test&lon=1", 400, nothing},
		{"a latitude with a query", "/v1/weather?lat=1%26appid=x&lon=1", 400, nothing},
		{"a latitude with a line", "/v1/weather?lat=1%0d%0aHost:evil.test&lon=1", 400, nothing},
		{"places with a second query", "/v1/places?q=a%26count%3D99", 200, []string{search + "a%26count%3D99&count=20&language=en&format=json"}},
		{"a place of many with a URL", "/v1/weather?place=http://evil.test/", 400, nothing},
		{"a way up as an id", "/v1/users/..%2f..%2fadmin", 400, nothing},
		{"dots as an id", "/v1/users/..", 400, nothing},
		{"a host as an id", "/v1/users/%2f%2fevil.test", 400, nothing},
		{"an id with a user and a host", "/v1/users/1@evil.test", 400, nothing},
		{"an id with a query", "/v1/users/1%3Fadmin=1", 400, nothing},
		{"an id with a fragment", "/v1/users/1%23", 400, nothing},
		{"an id with a line", "/v1/users/1%0d%0aX-Injected:%201", 400, nothing},
		{"an id among many with a way up", "/v1/users?id=1&id=../admin", 400, nothing},
		{"a page with a query", "/v1/users?page=1%26_limit=99999", 400, nothing},
		{"a search with a query", "/v1/users?q=a%26_limit%3D99999%23&per_page=1", 404, []string{"directory.test/users?_page=1&_limit=1&q=a%26_limit%3D99999%23"}},
		{"a part with a path", "/v1/users/1?include=../github", 400, nothing},
		{"another host's URL as the target", "http://169.254.169.254/v1/users/..", 400, nothing},
		{"a file beyond the pages", "/docs/..%2f..%2fetc%2fpasswd", 404, nothing},
		{"a problem beyond the pages", "/problems/..%2f..%2fetc%2fpasswd", 404, nothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := openDoor(t, nil)
			d.now(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				io.WriteString(w, "{}")
			})
			if strings.HasPrefix(c.target, "/v1/places") || c.status == 404 && strings.Contains(c.target, "city=") {
				d.now(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }) // it knows no such place
			}
			got := d.send(get(c.target))
			if !slices.Equal(statuses(got), []int{c.status}) {
				t.Errorf("answers = %v, want %d; %s", statuses(got), c.status, got[0].body)
			}
			if asked := d.requests(); !slices.Equal(asked, c.asked) {
				t.Errorf("upstreams were asked for %q, want %q", asked, c.asked)
			}
			d.wantOnlyConfiguredHosts()
		})
	}
	for name, username := range map[string]string{
		"a way up": "../repos", "a host": "//evil.test", "a URL": "http://evil.test/", "a query": "ada?x=1", "a line": `ada\r\nX-Injected: 1`, "dots": "..",
	} {
		t.Run("a directory whose user has the GitHub login: "+name, func(t *testing.T) {
			d := openDoor(t, nil)
			d.now(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, `{"id":1,"name":"Ada","username":"`+username+`"}`)
			})
			got := d.send(get("/v1/users/1?include=github"))
			if !slices.Equal(statuses(got), []int{200}) {
				t.Errorf("answers = %v, want 200", statuses(got))
			}
			if asked := d.requests(); !slices.Equal(asked, []string{"directory.test/users/1"}) {
				t.Errorf("upstreams were asked for %q, want the user alone", asked)
			}
			d.wantOnlyConfiguredHosts()
		})
	}
	for _, location := range []string{"http://169.254.169.254/latest", "//evil.test/users/1", "http://directory.test:81/users/1", "http://a@evil.test/"} {
		t.Run("a directory that redirects to "+location, func(t *testing.T) {
			d := openDoor(t, map[string]string{"DIRECTORY_TOKEN": "directory-s3cr3t"})
			d.now(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", location)
				w.WriteHeader(http.StatusFound)
			})
			if got := d.send(get("/v1/users/1")); !slices.Equal(statuses(got), []int{502}) {
				t.Errorf("answers = %v, want 502", statuses(got))
			}
			d.wantOnlyConfiguredHosts()
		})
	}
}

func (d *door) wantOnlyConfiguredHosts() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for addr := range d.dialled {
		host, port, err := net.SplitHostPort(addr)
		known := false
		for _, configured := range upstreamsOfDoor {
			known = known || host == configured
		}
		if err != nil || !known || port != "80" {
			d.t.Errorf("%s was dialled", addr)
		}
	}
}

// Callers' headers stay here: none but those of tracing and of idempotency reach an
// upstream.
func TestForeignHeadersStayHere(t *testing.T) {
	d := openDoor(t, nil)
	names := []string{"Cookie", "Referer", "User-Agent", "X-Evil", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-URL",
		"X-Rewrite-URL", "X-HTTP-Method-Override", "X-API-Version", "Accept-Language", "Baggage", "Tracestate", "Range", "Te", "Via", "Proxy", "Proxy-Authorization", "X-Request-Id", "Last-Event-ID"}
	var lines []string
	for _, name := range names {
		lines = append(lines, name+": hush")
	}
	if got := d.send(get("/v1/users/1?include=github,activity", lines...)); !slices.Equal(statuses(got), []int{200}) {
		t.Fatalf("answers = %v, want 200", statuses(got))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.asked) < 3 {
		t.Fatalf("upstreams got %d requests, want at least 3", len(d.asked))
	}
	for _, r := range d.asked {
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, " "), "hush") {
				t.Errorf("%s%s has %s: %s", r.Host, r.URL, name, values)
			}
		}
	}
}

// No header of a proxy changes an answer: the gateway builds no URL from the host that
// the caller names, and lets no header replace the method or the path.
func TestHostAndForwardedHeadersChangeNothing(t *testing.T) {
	d := openDoor(t, nil)
	for _, target := range []string{"/", "/docs", "/docs/", "/openapi.yaml", "/problems/not-found", "/v1/users/1/", "/nothing"} {
		usual := d.send(get(target))
		for _, line := range []string{
			"X-Forwarded-Host: evil.test", "X-Forwarded-Proto: gopher", "X-Forwarded-Prefix: /evil", "X-Forwarded-Port: 81", "Forwarded: host=evil.test;proto=http",
			"X-Original-URL: /livez", "X-Rewrite-URL: /livez", "X-HTTP-Method-Override: DELETE", "X-Host: evil.test", "X-Forwarded-For: evil.test",
		} {
			if got := d.send(get(target, line)); len(got) != 1 || len(usual) != 1 || got[0].constant() != usual[0].constant() {
				t.Errorf("%s with %s is answered otherwise", target, line)
			}
		}
		other := d.send(strings.Replace(get(target), "gateway.test", "evil.test", 1))
		if len(other) != 1 || other[0].constant() != usual[0].constant() || strings.Contains(other[0].head+other[0].body, "evil.test") {
			t.Errorf("%s of another host is answered otherwise", target)
		}
	}
}

// random matches what is another text in each answer: nonces, trace ids and request ids,
// and the headers of times.
var random = regexp.MustCompile(`[A-Z2-7]{26}|[0-9a-f]{32}|(Date|Server-Timing): [^\r]*`)

// constant is an answer without what is random in it.
func (a *rawAnswer) constant() string { return random.ReplaceAllString(a.head+a.body, "") }

// Nothing that a caller or an upstream sends becomes a line of an answer's header.
func TestAnswersAreNotSplit(t *testing.T) {
	d := openDoor(t, nil)
	d.now(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header() // net/http would replace line breaks here; other bytes pass
		h.Set("ETag", "\"a\x0bX-Injected: 1\"")
		h.Set("Link", `</users?_page=2%0d%0aX-Injected:%201>; rel="next"`)
		h.Set("Retry-After", "1, X-Injected: 1")
		h.Set("Cache-Control", "max-age=1, x=\"\tX-Injected: 1\"")
		h.Set("Location", "/users/1%0d%0aX-Injected:%201")
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusCreated)
		}
		io.WriteString(w, `{"id":1,"name":"Ada\r\nX-Injected: 1","username":"\r\nX-Injected: 1\r\n\r\n"}`)
	})
	write := func(lines ...string) string {
		return "POST /v1/users HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\nX-API-Key: writer-key\r\nContent-Type: application/json\r\nContent-Length: 14\r\n" +
			strings.Join(append(lines, "", ""), "\r\n") + `{"name":"Ada"}`
	}
	for name, sent := range map[string]string{
		"a path":                get("/a%0d%0aX-Injected:%201"),
		"a path with a slash":   get("/docs%0d%0aX-Injected:%201/"),
		"two slashes":           get("//evil.test%0d%0aX-Injected:%201/"),
		"a page of a problem":   get("/problems/a%0d%0aX-Injected:%201"),
		"a city":                get("/v1/weather?city=a%0d%0aX-Injected:%201"),
		"a query of a list":     get("/v1/users?q=a%0d%0aX-Injected:%201"),
		"a list and its links":  get("/v1/users?per_page=1&x=%0d%0aX-Injected:%201"),
		"a user":                get("/v1/users/1"),
		"a created user":        write(),
		"an Idempotency-Key":    write("Idempotency-Key: \"a%0d%0aX-Injected: 1\""),
		"a request id":          get("/livez", "X-Request-Id: a%0d%0aX-Injected: 1"),
		"a request id with LF":  get("/livez", "X-Request-Id: a\n X-Injected: 1"),
		"an origin":             get("/v1/users/1", "Origin: http://a%0d%0aX-Injected: 1"),
		"headers of preflights": strings.Replace(get("/v1/users/1", "Origin: http://a.test", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: a%0d%0aX-Injected: 1"), "GET", "OPTIONS", 1),
		"a traceparent":         get("/livez", "Traceparent: 00-%0d%0aX-Injected: 1"),
		"a stream's last event": get("/v1/weather/stream?city=", "Last-Event-ID: a%0d%0aX-Injected: 1"),
		"a method":              strings.Replace(get("/v1/users"), "GET", "X-INJECTED%0d%0a", 1),
	} {
		t.Run(name, func(t *testing.T) {
			got := d.send(sent)
			if len(got) != 1 {
				t.Fatalf("answers = %v, want one", statuses(got))
			}
			for _, line := range strings.Split(strings.ReplaceAll(got[0].head, "\r\n", "\n"), "\n") {
				if strings.HasPrefix(strings.ToLower(line), "x-injected") || strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c > '~' }) {
					t.Errorf("the header has the line %q", line)
				}
			}
		})
	}
}
