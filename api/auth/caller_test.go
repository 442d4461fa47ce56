package auth_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"tributary/api/auth"
)

func TestCaller(t *testing.T) {
	k := theKeys()
	i := startIssuer(t, publishes(k.ed))
	cfg := believing(i)
	cfg.Keys, cfg.Anonymous = apiKeys(), []string{auth.WeatherRead}
	a := open(t, cfg)
	for name, c := range map[string]struct {
		headers                  []string
		kind                     auth.Kind
		callerName, fingerprints string
		scopes                   []string
	}{
		"anonymous": {nil, auth.Anonymous, "", "", []string{"weather:read"}},
		"key":       {xAPIKey(writerKey), auth.APIKey, "writer", "key:writer", []string{"users:write", "weather:read"}},
		"token":     {bearer(k.ed.token(t, claims{"scope": "users:read  x"})), auth.Token, "ada", ada, []string{"users:read", "x", "weather:read"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := a.Authenticate(request(c.headers...))
			wantStatus(t, err, 200, "")
			if got.Kind != c.kind || got.Name != c.callerName || got.Fingerprint() != c.fingerprints || !slices.Equal(got.Scopes, c.scopes) {
				t.Errorf("caller = %+v, want %+v", got, c)
			}
			ctx := auth.NewContext(t.Context(), got)
			if again := auth.FromContext(ctx); again.Fingerprint() != c.fingerprints {
				t.Errorf("caller of the context = %+v, want %+v", again, got)
			}
		})
	}
	if got := auth.FromContext(t.Context()); got.Kind != auth.Anonymous || got.Scopes.Has(auth.WeatherRead) {
		t.Errorf("caller of an empty context = %+v, want one without scopes", got)
	}
}

func TestNew(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  auth.Config
		want string
	}{
		"refuses tokens of any issuer":     {auth.Config{JWKS: parse(t, "http://x.test"), Audience: "a"}, "need an issuer"},
		"refuses tokens for any audience":  {auth.Config{JWKS: parse(t, "http://x.test"), Issuer: "i"}, "need an issuer"},
		"refuses an empty key":             {auth.Config{Keys: []auth.Key{{Name: "a"}}}, "API key 1 has no name or is empty"},
		"refuses a key without a name":     {auth.Config{Keys: []auth.Key{{Key: "secret"}}}, "API key 1 has no name or is empty"},
		"refuses two keys of one name":     {auth.Config{Keys: []auth.Key{{Name: "a", Key: "secret"}, {Name: "a", Key: "other"}}}, "API key 2 has the name or the key of another"},
		"refuses one key under two names":  {auth.Config{Keys: []auth.Key{{Name: "a", Key: "secret"}, {Name: "b", Key: "secret"}}}, "API key 2 has the name or the key of another"},
		"takes a configuration of nothing": {auth.Config{}, ""},
		"takes keys":                       {auth.Config{Keys: apiKeys()}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := auth.New(c.cfg)
			if err == nil {
				a.Close()
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("New: %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("New: %v, which holds a key", err)
			}
		})
	}
}

// TestNothingPrintsAKey formats keys in the ways that logging code may.
func TestNothingPrintsAKey(t *testing.T) {
	cfg := auth.Config{Keys: apiKeys()}
	a := open(t, cfg)
	caller, err := a.Authenticate(request(xAPIKey(webKey)...))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, v := range []any{cfg, cfg.Keys, cfg.Keys[0], &cfg, a, caller} {
		fmt.Fprintf(&log, "%v %+v %#v %s\n", v, v, v, v)
		logger.Info("x", "v", v)
	}
	if strings.Contains(log.String(), webKey) || strings.Contains(log.String(), writerKey) {
		t.Errorf("a key is printed:\n%s", log.String())
	}
}
