package api_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"tributary/api/auth"
)

var base64url = base64.RawURLEncoding.EncodeToString

// signer is an issuer's key pair.
var signer = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// token is a JWT with valid claims, some of them changed; sign makes its signature.
func token(t *testing.T, header, claims map[string]any, sign func(signed []byte) []byte) string {
	t.Helper()
	h := map[string]any{"alg": "RS256", "kid": "1"}
	c := map[string]any{
		"iss": "https://issuer.test", "aud": "tributary", "sub": "alice", "scope": "users:read users:write",
		"exp": time.Now().Add(time.Hour).Unix(), "nbf": time.Now().Add(-time.Hour).Unix(),
	}
	for to, from := range map[*map[string]any]map[string]any{&h: header, &c: claims} {
		for name, v := range from {
			(*to)[name] = v
		}
	}
	signed := base64url(mustJSON(t, h)) + "." + base64url(mustJSON(t, c))
	return signed + "." + base64url(sign([]byte(signed)))
}

func rs256(key *rsa.PrivateKey) func([]byte) []byte {
	return func(signed []byte) []byte {
		sum := sha256.Sum256(signed)
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			panic(err)
		}
		return signature
	}
}

// trusting makes a gateway accept the issuer's tokens and some API keys.
func trusting(t *testing.T, issuer behaviour) func(*setup) {
	t.Helper()
	a, err := auth.New(auth.Config{
		Keys: []auth.Key{
			{Name: "writer", Scopes: []string{auth.UsersWrite, auth.UsersRead}, Key: "writer-key"},
			{Name: "reader", Scopes: []string{auth.UsersRead}, Key: "reader-key"},
			{Name: "weather", Scopes: []string{auth.WeatherRead}, Key: "weather-key"},
		},
		JWKS: &url.URL{Scheme: "https", Host: "issuer.test", Path: "/jwks"}, Issuer: "https://issuer.test", Audience: "tributary",
		Transport: newFake(issuer), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return func(s *setup) { s.Auth, s.PublicReads = a, false }
}

func publishes(key *rsa.PublicKey) behaviour {
	return sendsJSON(map[string]any{"keys": []map[string]any{{"kty": "RSA", "kid": "1", "use": "sig", "n": base64url(key.N.Bytes()), "e": "AQAB"}}})
}

func TestScopesOfUsers(t *testing.T) {
	const (
		none, bad   = `Bearer realm="tributary"`, `Bearer realm="tributary", error="invalid_token"`
		lacksRead   = `Bearer realm="tributary", error="insufficient_scope", scope="users:read"`
		lacksWrite  = `Bearer realm="tributary", error="insufficient_scope", scope="users:write"`
		nothingSaid = ""
	)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&signer().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	hs256 := func(signed []byte) []byte {
		mac := hmac.New(sha256.New, public)
		mac.Write(signed)
		return mac.Sum(nil)
	}
	_, edward, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := rs256(signer())
	hour := time.Hour / time.Second
	bearer := func(header, claims map[string]any, sign func([]byte) []byte) []string {
		return []string{"Authorization", "Bearer " + token(t, header, claims, sign)}
	}
	type m = map[string]any
	for _, c := range []struct {
		name        string
		header      []string
		read, write int
		challenge   string // beginning of WWW-Authenticate of a refused write
	}{
		{"no header", nil, 401, 401, none},
		{"a scheme of another kind", []string{"Authorization", "Basic d3JpdGVyOmtleQ=="}, 401, 401, none},
		{"a scheme alone", []string{"Authorization", "Bearer"}, 401, 401, bad},
		{"an empty key", []string{"X-API-Key", ""}, 401, 401, bad},
		{"a wrong key", []string{"X-API-Key", "guess"}, 401, 401, bad},
		{"a key in other capitals", []string{"X-API-Key", "Writer-Key"}, 401, 401, bad},
		{"a key and a token", append(bearer(nil, nil, good), "X-API-Key", "writer-key"), 401, 401, bad},
		{"a key", []string{"X-API-Key", "writer-key"}, 200, 200, nothingSaid},
		{"a key as a bearer", []string{"Authorization", "bearer writer-key"}, 200, 200, nothingSaid},
		{"a key that may only read", []string{"X-API-Key", "reader-key"}, 200, 403, lacksWrite},
		{"a key of another scope", []string{"X-API-Key", "weather-key"}, 403, 403, lacksWrite},
		{"a token", bearer(nil, nil, good), 200, 200, nothingSaid},
		{"a token that may only read", bearer(nil, m{"scope": "users:read"}, good), 200, 403, lacksWrite},
		{"a token without scopes", bearer(nil, m{"scope": ""}, good), 403, 403, lacksWrite},
		{"a token that has expired", bearer(nil, m{"exp": time.Now().Unix() - int64(hour)}, good), 401, 401, bad},
		{"a token without an end", bearer(nil, m{"exp": nil}, good), 401, 401, bad},
		{"a token that is not yet valid", bearer(nil, m{"nbf": time.Now().Unix() + int64(hour)}, good), 401, 401, bad},
		{"a token of another issuer", bearer(nil, m{"iss": "https://other.test"}, good), 401, 401, bad},
		{"a token for another audience", bearer(nil, m{"aud": "other"}, good), 401, 401, bad},
		{"a token without a subject", bearer(nil, m{"sub": ""}, good), 401, 401, bad},
		{"an unsigned token", bearer(m{"alg": "none"}, nil, func([]byte) []byte { return nil }), 401, 401, bad},
		{"a token signed with the public key", bearer(m{"alg": "HS256"}, nil, hs256), 401, 401, bad},
		{"a token signed with another algorithm", bearer(m{"alg": "EdDSA"}, nil, func(b []byte) []byte { return ed25519.Sign(edward, b) }), 401, 401, bad},
		{"a token signed by a stranger", bearer(nil, nil, rs256(stranger)), 401, 401, bad},
		{"a token of an unknown key", bearer(m{"kid": "2"}, nil, good), 401, 401, bad},
		{"what is no token", []string{"Authorization", "Bearer a.b.c"}, 401, 401, bad},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := populated(t, trusting(t, publishes(&signer().PublicKey)))
			for path, want := range map[string]int{"/v1/users": c.read, one: c.read} {
				a := g.get(path, c.header...)
				a.wantStatus(want)
				if got := a.Header.Get("WWW-Authenticate"); want == http.StatusForbidden && got != lacksRead || (want == http.StatusOK) != (got == "") {
					t.Errorf("%s: WWW-Authenticate = %q", a.call, got)
				}
			}
			for _, w := range []write{post, keyedPost, put, patch, remove} {
				a := g.by(w, c.header)
				if c.write == http.StatusOK {
					if a.StatusCode >= 300 {
						t.Errorf("%s: status = %d, want it done; body %s", a.call, a.StatusCode, a.body)
					}
					continue
				}
				a.problem(c.write, map[int]string{401: "unauthorized", 403: "forbidden"}[c.write])
				a.wantHeader("Cache-Control", "no-store")
				if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, c.challenge) {
					t.Errorf("%s: WWW-Authenticate = %q, want it to begin with %q", a.call, got, c.challenge)
				}
			}
			if n := g.directory.writes.Load(); c.write != http.StatusOK && n > 0 {
				t.Errorf("%d writes of who may not", n)
			}
		})
	}
}

// by carries out a write with other credentials, or none.
func (g *gateway) by(w write, header []string) *answer {
	g.t.Helper()
	r := mustRequest(g.t, w)
	r.Header.Del("X-API-Key")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return g.do(r)
}

func TestWhileTheIssuerIsDown(t *testing.T) {
	it(t, "tokens cannot be checked, and keys can", func(t *testing.T) {
		g := populated(t, trusting(t, refuses))
		header := []string{"Authorization", "Bearer " + token(t, nil, nil, rs256(signer()))}
		for _, a := range []*answer{g.get("/v1/users", header...), g.get(one, header...), g.by(post, header), g.by(put, header), g.by(patch, header), g.by(remove, header)} {
			a.problem(http.StatusServiceUnavailable, "auth_unavailable")
			a.wantHeader("WWW-Authenticate", "")
			if a.Header.Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", a.call)
			}
		}
		g.carry(post).wantStatus(http.StatusCreated)
	})
}

func TestWritesWhileNothingIsConfigured(t *testing.T) {
	a, err := auth.New(auth.Config{Anonymous: []string{auth.WeatherRead, auth.UsersRead}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	g := populated(t, func(s *setup) { s.Auth = a })
	g.get(one).wantStatus(http.StatusOK)
	for _, header := range [][]string{nil, {"X-API-Key", "whatever"}} {
		for _, w := range []write{post, put, patch, remove} {
			a := g.by(w, header)
			p := a.problem(http.StatusForbidden, "forbidden")
			if !strings.Contains(p.Detail, "API_KEYS") || !strings.Contains(p.Detail, "users:write") {
				t.Errorf("%s: detail = %q, want it to say what to configure", a.call, p.Detail)
			}
			a.wantHeader("WWW-Authenticate", "")
		}
	}
}

func TestAnonymousWritesGetAChallenge(t *testing.T) {
	g := populated(t) // anonymous callers may read
	g.get("/v1/users").wantStatus(http.StatusOK)
	g.get(one, "X-API-Key", "guess").problem(http.StatusUnauthorized, "unauthorized")
	a := g.by(post, nil)
	a.problem(http.StatusUnauthorized, "unauthorized")
	a.wantHeader("WWW-Authenticate", `Bearer realm="tributary"`)
}

func TestAccessComesFirst(t *testing.T) {
	g := populated(t)
	for name, w := range map[string]write{
		"a bad id": {"PUT", "/v1/users/0", whole, ""}, "no JSON": {"POST", "/v1/users", "{", ""}, "a bad key": {"POST", "/v1/users", whole, `"`},
	} {
		t.Run("a caller without the scope does not learn of "+name, func(t *testing.T) {
			g.by(w, []string{"X-API-Key", "reader-key"}).problem(http.StatusForbidden, "forbidden")
		})
	}
}

func TestPreflightOfWrites(t *testing.T) {
	g := populated(t, func(s *setup) { s.Origins = []string{page} })
	for _, w := range []write{post, put, patch, remove} {
		r, err := http.NewRequest(http.MethodOptions, "http://gateway.test"+w.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Origin": {page}, "Access-Control-Request-Method": {w.method}, "Access-Control-Request-Headers": {"authorization,content-type,idempotency-key,x-api-key"}}
		response, err := g.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNoContent || response.Header.Get("Access-Control-Allow-Methods") != w.method || response.Header.Get("Access-Control-Allow-Origin") != page {
			t.Errorf("preflight of %s %s: %d %v", w.method, w.path, response.StatusCode, response.Header)
		}
	}
	a := g.by(post, []string{"Origin", page})
	a.problem(http.StatusUnauthorized, "unauthorized")
	a.wantHeader("Access-Control-Allow-Origin", page) // else the page could not read the reason
}

func TestWithoutUsers(t *testing.T) {
	g := populated(t, func(s *setup) { s.people = nil })
	for _, w := range []write{{"GET", "/v1/users", "", ""}, {"GET", one, "", ""}, post, keyedPost, put, patch, keyedPatch, remove} {
		a := g.call(w.method, w.path, w.body, "Idempotency-Key", w.key, "X-API-Key", map[bool]string{true: "reader-key", false: "writer-key"}[w.method == "GET"])
		a.problem(http.StatusNotImplemented, "not_configured")
		a.wantHeader("Cache-Control", "no-store")
	}
}

func TestMethodsOfUsers(t *testing.T) {
	g := populated(t)
	for path, allowed := range map[string]string{"/v1/users": "GET, HEAD, POST, OPTIONS", one: "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"} {
			if strings.Contains(allowed, method) {
				continue
			}
			a := g.call(method, path, "")
			a.problem(http.StatusMethodNotAllowed, "method_not_allowed")
			a.wantHeader("Allow", allowed)
		}
	}
	head := g.send(http.MethodHead, one)
	head.wantStatus(http.StatusOK)
	head.wantHeader("Cache-Control", "private, no-cache")
	g.send(http.MethodHead, "/v1/users/99").wantStatus(http.StatusNotFound)
}

// TestCallersCredentialsStayHere checks that a caller's credentials are not sent to any
// upstream: they get the gateway's own.
func TestCallersCredentialsStayHere(t *testing.T) {
	g := populated(t)
	g.get(everything, "X-API-Key", "reader-key")
	for name, f := range map[string]*fake{"directory": g.directory.fake, "github": g.github, "openmeteo": g.openmeteo} {
		if sent, _ := json.Marshal(f.Last().Header); strings.Contains(string(sent), "reader-key") {
			t.Errorf("%s is sent %s", name, sent)
		}
	}
}
