package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"tributary/api/auth"
)

func BenchmarkAuthenticate(b *testing.B) {
	k := theKeys()
	i := startIssuer(b, publishes(k.rsa, k.ec, k.ed))
	cfg := believing(i)
	cfg.Keys, cfg.Anonymous = apiKeys(), []string{auth.WeatherRead}
	few := open(b, cfg)
	for n := range 98 {
		cfg.Keys = append(cfg.Keys, auth.Key{Name: fmt.Sprint("k", n), Key: fmt.Sprint("key-of-somebody-", n)})
	}
	many := open(b, cfg)
	for _, c := range []struct {
		name    string
		a       *auth.Authenticator
		headers []string
	}{
		{"anonymous", few, nil},
		{"key of 2", few, xAPIKey(webKey)},
		{"key of 100", many, bearer(webKey)},
		{"wrong key of 100", many, xAPIKey("nope")},
		{"RS256", few, bearer(k.rsa.token(b, nil))},
		{"ES256", few, bearer(k.ec.token(b, nil))},
		{"EdDSA", few, bearer(k.ed.token(b, nil))},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := request(c.headers...)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = c.a.Authenticate(r)
			}
		})
	}
}

// BenchmarkMiddleware measures authentication and authorization of a request.
func BenchmarkMiddleware(b *testing.B) {
	a := open(b, auth.Config{Keys: apiKeys(), Anonymous: []string{auth.WeatherRead}})
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	h := a.Middleware(answer)(a.Require(auth.WeatherRead, answer)(nothing))
	for name, headers := range map[string][]string{"anonymous": nil, "key": xAPIKey(webKey)} {
		b.Run(name, func(b *testing.B) {
			r, w := request(headers...), httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}
