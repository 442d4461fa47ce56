package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tributary/api"
)

const page = "https://app.example"

func TestCORS(t *testing.T) {
	for _, c := range []struct {
		name    string
		origins []string
		allow   string // Access-Control-Allow-Origin of an answer to page
	}{
		{"none", nil, ""},
		{"another one", []string{"https://other.example"}, ""},
		{"the page's", []string{"https://other.example", page}, page},
		{"all", []string{"*"}, "*"},
	} {
		t.Run("lets in "+c.name, func(t *testing.T) {
			g := newGateway(t, func(s *setup) {
				s.Origins = c.origins
				s.Status = func() api.Status { panic("a bug") }
			})
			for _, path := range []string{here, "/livez", "/v1/weather", "/nothing", "/v1/status"} {
				a := g.get(path, "Origin", page)
				a.wantHeader("Access-Control-Allow-Origin", c.allow)
				a.wantHeader("Timing-Allow-Origin", c.allow)
				if got := strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "Server-Timing"); got != (c.allow != "") {
					t.Errorf("%s: Access-Control-Expose-Headers = %q", a.call, a.Header.Get("Access-Control-Expose-Headers"))
				}
				if credentials := a.Header.Get("Access-Control-Allow-Credentials"); (credentials == "true") != (c.allow == page) {
					t.Errorf("%s: Access-Control-Allow-Credentials = %q, which any page must not have", a.call, credentials)
				}
				if got := slices.Contains(a.Header.Values("Vary"), "Origin"); got != (c.origins != nil) {
					t.Errorf("%s: Vary = %q", a.call, a.Header.Values("Vary"))
				}
			}
			vary := g.get(here).Header.Values("Vary") // an answer without Origin may be cached for every origin
			if want := c.origins != nil; slices.Contains(vary, "Origin") != want || !slices.Contains(vary, "Accept") {
				t.Errorf("Vary = %q, want Accept, and Origin: %t", vary, want)
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	g := newGateway(t, func(s *setup) { s.Origins = []string{page} })
	preflight := func(origin string) *http.Response {
		t.Helper()
		r, err := http.NewRequest(http.MethodOptions, "http://gateway.test"+here, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", http.MethodGet)
		r.Header.Set("Access-Control-Request-Headers", "if-none-match,traceparent,tracestate,x-request-id")
		response, err := g.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if body, err := io.ReadAll(response.Body); len(body) > 0 || err != nil || response.StatusCode != http.StatusNoContent {
			t.Errorf("a preflight of %s: status = %d, body %q, error %v, want 204 and nothing", origin, response.StatusCode, body, err)
		}
		return response
	}
	welcome := preflight(page).Header
	if welcome.Get("Access-Control-Allow-Origin") != page || welcome.Get("Access-Control-Allow-Methods") != http.MethodGet {
		t.Errorf("a preflight of a page that is let in: %v", welcome)
	}
	if got := preflight("https://evil.example").Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a preflight of a page that is not let in: Access-Control-Allow-Origin = %q", got)
	}
	if n := g.asked(); n != 0 {
		t.Errorf("%d requests sent for a preflight", n)
	}
	g.send(http.MethodOptions, here, "Origin", page).wantHeader("Allow", "GET, HEAD, OPTIONS") // without Access-Control-Request-Method it is not a preflight
}

func TestHeadersOfPreflights(t *testing.T) {
	g := newGateway(t, func(s *setup) { s.Origins = []string{page} })
	for name, c := range map[string]struct {
		lines []string
		allow string // "": the page is not allowed
	}{
		"as browsers write them":          {[]string{"authorization,content-type,idempotency-key"}, "authorization,content-type,idempotency-key"},
		"with spaces and tabs":            {[]string{" authorization ,\t content-type  "}, "authorization,content-type"},
		"unsorted, in another case":       {[]string{"X-API-Key, Content-Type,AUTHORIZATION"}, "authorization,content-type,x-api-key"},
		"on several lines":                {[]string{"idempotency-key", "content-type, authorization"}, "authorization,content-type,idempotency-key"},
		"some of them twice":              {[]string{"accept,Accept", "accept"}, "accept"},
		"with empty elements":             {[]string{",,content-type,", ""}, "content-type"},
		"W3C Trace Context and Baggage":   {[]string{"tracestate,traceparent,baggage"}, "baggage,traceparent,tracestate"},
		"preconditions":                   {[]string{"if-none-match,if-match"}, "if-match,if-none-match"},
		"every one that may be sent":      {[]string{"x-request-id,x-api-key,tracestate,traceparent,last-event-id,if-none-match,if-match,idempotency-key,content-type,cache-control,baggage,authorization,accept"}, "accept,authorization,baggage,cache-control,content-type,idempotency-key,if-match,if-none-match,last-event-id,traceparent,tracestate,x-api-key,x-request-id"},
		"one that is unknown":             {[]string{"x-unknown"}, ""},
		"one that is unknown beside good": {[]string{"content-type", "authorization, x-unknown"}, ""},
		"two names without a comma":       {[]string{"content-type authorization"}, ""},
		"a list of 40 KB":                 {[]string{strings.Repeat(strings.Repeat("x", 40)+",", 1000) + "y"}, ""},
		"a good name ten thousand times":  {[]string{strings.Repeat("accept,", 8000)}, "accept"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodOptions, "http://gateway.test"+one, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{"Origin": {page}, "Access-Control-Request-Method": {http.MethodPatch}, "Access-Control-Request-Headers": c.lines}
			w := httptest.NewRecorder()
			g.handler.ServeHTTP(w, r)
			if got := w.Header().Get("Access-Control-Allow-Headers"); got != c.allow || (w.Header().Get("Access-Control-Allow-Origin") == page) != (c.allow != "") {
				t.Errorf("allowed %q for origin %q, want %q", got, w.Header().Get("Access-Control-Allow-Origin"), c.allow)
			}
		})
	}
	t.Run("without any", func(t *testing.T) {
		a := g.send(http.MethodOptions, one, "Origin", page, "Access-Control-Request-Method", http.MethodPut, "Access-Control-Request-Headers", "")
		a.wantHeader("Access-Control-Allow-Origin", page)
		a.wantHeader("Access-Control-Allow-Headers", "")
	})
}
