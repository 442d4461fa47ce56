package api_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tributary/api"
	"tributary/api/auth"
)

// asFrom sends a request as if it came from an address, with headers as names
// and values in turn.
func (g *gateway) asFrom(address string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/v1/status", nil)
	r.RemoteAddr = address
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	return w
}

func TestClientLimit(t *testing.T) {
	three := func(s *setup) { s.ClientLimit = api.Limit{Calls: 3, Window: time.Minute} }
	it(t, "lets a burst through, and then one request whenever a token is there", func(t *testing.T) {
		g := newGateway(t, three)
		for n, left := range []string{"r=2;t=20", "r=1;t=40", "r=0;t=60"} {
			w := g.asFrom("192.0.2.1:1000")
			if w.Code != http.StatusOK || w.Header().Get("RateLimit") != `"default";`+left || w.Header().Get("RateLimit-Policy") != `"default";q=3;w=60` {
				t.Errorf("request %d: %d, RateLimit %s, RateLimit-Policy %s; want 200, %s", n, w.Code, w.Header().Get("RateLimit"), w.Header().Get("RateLimit-Policy"), left)
			}
		}
		w := g.asFrom("192.0.2.1:1001")
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "20" || w.Header().Get("RateLimit") != `"default";r=0;t=20` || !strings.Contains(w.Body.String(), "too_many_requests") {
			t.Errorf("request 4: %d, Retry-After %s, RateLimit %s, %s; want 429, 20", w.Code, w.Header().Get("Retry-After"), w.Header().Get("RateLimit"), w.Body)
		}
		if w := g.asFrom("192.0.2.2:1000"); w.Code != http.StatusOK {
			t.Errorf("another client: %d, want 200", w.Code)
		}
		time.Sleep(20 * time.Second)
		if w := g.asFrom("192.0.2.1:1000"); w.Code != http.StatusOK {
			t.Errorf("after Retry-After: %d, want 200", w.Code)
		}
	})
	it(t, "does not limit probes", func(t *testing.T) {
		g := newGateway(t, three)
		for range 10 {
			if w := httptest.NewRecorder(); true {
				g.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
				if w.Code != http.StatusOK || w.Header().Get("RateLimit") != "" {
					t.Errorf("/readyz: %d, RateLimit %q; want 200 without", w.Code, w.Header().Get("RateLimit"))
				}
			}
		}
	})
	it(t, "counts an IPv6 network as one, and a key wherever it comes from", func(t *testing.T) {
		a, err := auth.New(auth.Config{Keys: []auth.Key{{Name: "web", Key: "secret"}}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		g := newGateway(t, three, func(s *setup) { s.Auth = a })
		for n, address := range []string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1", "[2001:db8::4]:1"} {
			if w := g.asFrom(address); (w.Code == http.StatusOK) != (n < 3) {
				t.Errorf("%s: %d, want one network", address, w.Code)
			}
		}
		for n, address := range []string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1"} {
			if w := g.asFrom(address, "X-API-Key", "secret"); (w.Code == http.StatusOK) != (n < 3) {
				t.Errorf("key from %s: %d, want one client", address, w.Code)
			}
		}
	})
}

func TestForwardedFor(t *testing.T) {
	limited := func(s *setup) { s.ClientLimit = api.Limit{Calls: 1, Window: time.Minute} }
	t.Run("is ignored from anybody, with one warning", func(t *testing.T) {
		var log bytes.Buffer
		g := newGateway(t, limited, func(s *setup) { s.logTo = &log })
		first := g.asFrom("192.0.2.1:1", "X-Forwarded-For", "198.51.100.1")
		second := g.asFrom("192.0.2.1:1", "X-Forwarded-For", "198.51.100.2")
		if first.Code != http.StatusOK || second.Code != http.StatusTooManyRequests {
			t.Errorf("two requests of one peer: %d, %d; want 200, 429 whatever it says of itself", first.Code, second.Code)
		}
		if n := strings.Count(log.String(), "TRUSTED_PROXIES"); n != 1 {
			t.Errorf("warned %d times, want once", n)
		}
	})
	t.Run("is believed from a trusted proxy", func(t *testing.T) {
		var log bytes.Buffer
		g := newGateway(t, limited, func(s *setup) {
			s.logTo = &log
			s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		})
		for _, of := range []string{"198.51.100.1", "198.51.100.2"} {
			if w := g.asFrom("192.0.2.1:1", "X-Forwarded-For", of); w.Code != http.StatusOK {
				t.Errorf("client %s: %d, want 200", of, w.Code)
			}
		}
		if w := g.asFrom("192.0.2.1:1", "X-Forwarded-For", "203.0.113.9, 198.51.100.2"); w.Code != http.StatusTooManyRequests {
			t.Errorf("the second request of 198.51.100.2: %d, want 429 whatever it claims to forward", w.Code)
		}
		if strings.Contains(log.String(), "TRUSTED_PROXIES") {
			t.Error("warned of a trusted proxy")
		}
	})
}
