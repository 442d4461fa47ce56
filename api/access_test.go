package api_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tributary/api"
	"tributary/api/auth"
)

// guarded is a gateway that requires credentials; anonymous are the scopes of callers
// without any.
func guarded(t *testing.T, anonymous ...string) *gateway {
	t.Helper()
	a, err := auth.New(auth.Config{
		Keys: []auth.Key{
			{Name: "reader", Scopes: []string{auth.WeatherRead}, Key: "reader-secret"},
			{Name: "other", Scopes: []string{auth.UsersRead}, Key: "other-secret"},
		},
		Anonymous: anonymous,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return newGateway(t, func(s *setup) { s.Auth, s.PublicReads = a, len(anonymous) > 0 })
}

func TestCredentials(t *testing.T) {
	const realm = `Bearer realm="tributary"`
	for _, c := range []struct {
		name      string
		anonymous string
		header    []string
		want      int
		challenge string // beginning of WWW-Authenticate
	}{
		{"none where they are needed", "", nil, 401, realm},
		{"none where anybody may read", auth.WeatherRead, nil, 200, ""},
		{"a key", "", []string{"X-API-Key", "reader-secret"}, 200, ""},
		{"a key as a bearer", "", []string{"Authorization", "Bearer reader-secret"}, 200, ""},
		{"an unknown key", "", []string{"X-API-Key", "guess"}, 401, realm + `, error="invalid_token"`},
		{"an unknown key where anybody may read", auth.WeatherRead, []string{"X-API-Key", "guess"}, 401, realm + `, error="invalid_token"`},
		{"two of them", "", []string{"X-API-Key", "other-secret", "Authorization", "Bearer reader-secret"}, 401, realm + `, error="invalid_token"`},
		{"of another kind", "", []string{"Authorization", "Basic cmVhZGVyOnNlY3JldA=="}, 401, realm},
		{"a key without the scope", "", []string{"X-API-Key", "other-secret"}, 403, realm + `, error="insufficient_scope", scope="weather:read"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := guarded(t, strings.Fields(c.anonymous)...)
			for _, path := range []string{here, forecastHere, airHere, "/v1/places?q=Delhi"} {
				a := g.get(path, c.header...)
				a.wantStatus(c.want)
				if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, c.challenge) || (got == "") != (c.challenge == "") {
					t.Errorf("%s: WWW-Authenticate = %q, want it to begin with %q", a.call, got, c.challenge)
				}
				if c.want != http.StatusOK {
					a.problem(c.want, map[int]string{401: "unauthorized", 403: "forbidden"}[c.want])
					a.wantHeader("Cache-Control", "no-store")
				}
				if strings.Contains(string(a.body), "secret") || strings.Contains(string(a.body), "guess") {
					t.Errorf("%s quotes what was sent: %s", a.call, a.body)
				}
			}
			if n := g.asked(); c.want != http.StatusOK && n > 0 {
				t.Errorf("%d requests sent for a caller without permission", n)
			}
		})
	}
}

func TestPrivateAnswersAreNotShared(t *testing.T) {
	g := guarded(t)
	a := g.get(here, "X-API-Key", "reader-secret")
	if got := a.Header.Get("Cache-Control"); !strings.HasPrefix(got, "private, ") {
		t.Errorf("Cache-Control = %q, want it private", got)
	}
	if got := strings.Join(a.values("Vary"), ", "); got != "Accept, Authorization, X-API-Key" {
		t.Errorf("Vary = %q, want the credentials in it", got)
	}
	b := g.get(here, "If-None-Match", a.Header.Get("ETag")) // a known entity tag is no permission to read
	b.problem(http.StatusUnauthorized, "unauthorized")

	guarded(t, auth.WeatherRead).get(here, "X-API-Key", "reader-secret").wantHeader("Vary", "Accept")
}

// What a shared cache may store of a problem depends on who may read the answer, not on who
// may read about the weather.
func TestProblemsForSomeCallersAreNotShared(t *testing.T) {
	const unknownUser, unknownCity = "/v1/users/999", "/v1/weather?city=Nowhere"
	for _, c := range []struct {
		name, method, path, key string
		public                  bool // anonymous callers may read about the weather
		want                    string
	}{
		{"an unknown user, where anonymous callers may read about the weather", "GET", unknownUser, "reader-key", true, "Accept, Authorization, X-API-Key"},
		{"an unknown user", "GET", unknownUser, "reader-key", false, "Accept, Authorization, X-API-Key"},
		{"a write to an unknown user, of which caches store nothing", "DELETE", unknownUser, "writer-key", false, ""},
		{"an unknown city, where anonymous callers may read about the weather", "GET", unknownCity, "", true, "Accept"},
		{"an unknown city", "GET", unknownCity, "", false, "Accept, Authorization, X-API-Key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := populated(t, func(s *setup) { s.PublicReads = c.public })
			g.geocoding.Now(findsPlaces())
			var header []string
			if c.key != "" {
				header = []string{"X-API-Key", c.key}
			}
			a := g.send(c.method, c.path, header...)
			a.problem(http.StatusNotFound, "not_found")
			if got := strings.Join(a.values("Vary"), ", "); got != c.want {
				t.Errorf("Vary = %q, want %q", got, c.want)
			}
		})
	}
}

func TestClientsOverTheirLimit(t *testing.T) {
	it(t, "get Retry-After", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.ClientLimit = api.Limit{Calls: 2, Window: time.Minute} })
		g.get(here).wantHeader("RateLimit", `"default";r=1;t=30`)
		g.get("/v1/weather").wantHeader("RateLimit", `"default";r=0;t=60`) // invalid requests count too
		for _, path := range []string{here, forecastHere, airHere, "/v1/places?q=Delhi", "/v1/status"} {
			a := g.get(path)
			a.problem(http.StatusTooManyRequests, "too_many_requests")
			a.wantHeader("Retry-After", "30")
			a.wantHeader("Cache-Control", "no-store")
		}
		time.Sleep(30 * time.Second)
		g.get(here).wantStatus(http.StatusOK)
	})
}

func TestStatusNeedsNoScope(t *testing.T) {
	g := guarded(t)
	g.get("/v1/status").wantStatus(http.StatusOK)
	g.get("/v1/status", "X-API-Key", "guess").problem(http.StatusUnauthorized, "unauthorized")
}

func TestOtherPathsNeedNoCredentials(t *testing.T) {
	g := guarded(t)
	for _, path := range []string{"/livez", "/readyz", "/openapi.yaml", "/problems/not-found", "/"} {
		g.get(path, "X-API-Key", "guess").wantStatus(http.StatusOK)
	}
	g.get("/nothing", "X-API-Key", "guess").wantStatus(http.StatusNotFound)
	g.send(http.MethodPost, here, "X-API-Key", "guess").wantStatus(http.StatusMethodNotAllowed)
}

func TestScopesWithoutConfiguredCredentials(t *testing.T) {
	a, err := auth.New(auth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	g := newGateway(t, func(s *setup) { s.Auth, s.PublicReads = a, false })
	p := g.get(here).problem(http.StatusForbidden, "forbidden")
	if !strings.Contains(p.Detail, "API_KEYS") {
		t.Errorf("detail = %q, want it to say what to configure", p.Detail)
	}
}

func TestTokensThatCannotBeChecked(t *testing.T) {
	a, err := auth.New(auth.Config{
		JWKS: &url.URL{Scheme: "https", Host: "issuer.test", Path: "/jwks"}, Issuer: "https://issuer.test", Audience: "tributary",
		Transport: newFake(refuses), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	g := newGateway(t, func(s *setup) { s.Auth, s.PublicReads = a, false })
	// The header {"alg":"RS256","kid":"1"} and claims {}: enough to need the issuer's keys.
	const token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2lnbmF0dXJl"
	for _, path := range []string{here, "/v1/status"} {
		r := g.get(path, "Authorization", "Bearer "+token)
		r.problem(http.StatusServiceUnavailable, "auth_unavailable")
		if r.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", r.call)
		}
	}
}
