package api_test

import (
	"io"
	"net/http"
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
		allow   string // of an answer to page
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
			vary := g.get(here).Header.Values("Vary") // who has no origin gets what may be cached for all
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
	g.send(http.MethodOptions, here, "Origin", page).wantHeader("Allow", "GET, HEAD, OPTIONS") // which is no preflight
}
