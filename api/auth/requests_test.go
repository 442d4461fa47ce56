package auth_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tributary/api/auth"
)

const (
	realm   = `Bearer realm="tributary"`
	invalid = realm + `, error="invalid_token", error_description="`
)

// exchange is a request and the expected answer.
type exchange struct {
	name      string
	headers   []string // name, value, name, value…
	write     bool     // POST, which needs users:write; else GET, weather:read
	status    int
	says      string // part of the answer's body, or the caller's fingerprint
	challenge string // beginning of WWW-Authenticate; "": none
}

func bearer(credential string) []string { return []string{"Authorization", "Bearer " + credential} }

func xAPIKey(key string) []string { return []string{"X-API-Key", key} }

// refused is an exchange with an invalid bearer credential.
func refused(name, credential, detail string) exchange {
	return exchange{name: name, headers: bearer(credential), status: 401, says: detail, challenge: invalid}
}

func TestKeysAndTokens(t *testing.T) {
	k := theKeys()
	now := time.Now()
	past, future := now.Add(-time.Minute).Unix(), now.Add(time.Minute).Unix()
	i := startIssuer(t, publishes(k.rsa, k.ec, k.ed))
	cfg := believing(i)
	cfg.Keys = apiKeys()
	answers(t, cfg, []exchange{
		{name: "it asks for credentials if there are none", status: 401, says: "needs credentials", challenge: realm},
		{name: "it asks for credentials for a write", write: true, status: 401, says: "needs credentials", challenge: realm},

		// keys
		{name: "it lets a key in as bearer", headers: bearer(webKey), status: 200, says: "key:web"},
		{name: "it lets a key in whatever the case of the scheme", headers: []string{"Authorization", "bEARER  " + webKey}, status: 200, says: "key:web"},
		{name: "it lets a key in as X-API-Key", headers: xAPIKey(webKey), status: 200, says: "key:web"},
		{name: "it takes a key that looks like a token for the key", headers: bearer(writerKey), write: true, status: 200, says: "key:writer"},
		{name: "it requires the scope of a key", headers: bearer(webKey), write: true, status: 403, says: "users:write",
			challenge: realm + `, error="insufficient_scope", scope="users:write"`},
		{name: "it requires the scope for a read too", headers: xAPIKey(writerKey), status: 403, says: "weather:read",
			challenge: realm + `, error="insufficient_scope", scope="weather:read"`},
		refused("it refuses a wrong key", "web-0123456789abcdeg", "unknown API key"),
		refused("it refuses the beginning of a key", webKey[:10], "unknown API key"),
		refused("it refuses a key with text after it", webKey+" x", "unknown API key"),
		{name: "it refuses a wrong X-API-Key", headers: xAPIKey("nope"), status: 401, says: "unknown API key", challenge: invalid},
		{name: "it refuses a token as X-API-Key", headers: xAPIKey(k.ed.token(t, nil)), status: 401, says: "unknown API key", challenge: invalid},

		// headers
		{name: "it rejects another scheme", headers: []string{"Authorization", "Basic d2ViOmtleQ=="}, status: 401, says: "Bearer, a space", challenge: realm},
		{name: "it requires the scheme", headers: []string{"Authorization", webKey}, status: 401, says: "Bearer, a space", challenge: realm},
		{name: "it requires a space after the scheme", headers: []string{"Authorization", "Bearer" + webKey}, status: 401, says: "Bearer, a space", challenge: realm},
		{name: "it refuses an empty Authorization", headers: []string{"Authorization", ""}, status: 401, says: "empty", challenge: invalid},
		{name: "it refuses an empty bearer", headers: bearer(""), status: 401, says: "empty", challenge: invalid},
		{name: "it refuses an empty X-API-Key", headers: xAPIKey(""), status: 401, says: "empty", challenge: invalid},
		{name: "it takes the same key twice", headers: append(bearer(webKey), xAPIKey(webKey)...), status: 200, says: "key:web"},
		{name: "it refuses two good keys", headers: append(bearer(webKey), xAPIKey(writerKey)...), status: 401, says: "more than one", challenge: invalid},
		{name: "it refuses a key beside a token", headers: append(bearer(k.ed.token(t, nil)), xAPIKey(webKey)...), status: 401, says: "more than one", challenge: invalid},
		{name: "it refuses a good key beside another scheme", headers: append(xAPIKey(webKey), "Authorization", "Basic d2ViOmtleQ=="), status: 401, says: "Bearer", challenge: realm},
		{name: "it refuses a header given twice", headers: append(bearer(webKey), bearer(webKey)...), status: 401, says: "more than one", challenge: invalid},

		// tokens
		{name: "it lets in RS256", headers: bearer(k.rsa.token(t, nil)), status: 200, says: ada},
		{name: "it lets in ES256", headers: bearer(k.ec.token(t, nil)), status: 200, says: ada},
		{name: "it lets in EdDSA", headers: bearer(k.ed.token(t, nil)), status: 200, says: ada},
		{name: "it lets in a token for several audiences", headers: bearer(k.ed.token(t, claims{"aud": []string{"others", audience}})), status: 200, says: ada},
		{name: "it lets in a token without nbf", headers: bearer(k.ed.token(t, claims{"nbf": nil})), status: 200, says: ada},
		{name: "it allows for clocks that differ", headers: bearer(k.ed.token(t, claims{"exp": now.Add(-20 * time.Second).Unix(), "nbf": now.Add(20 * time.Second).Unix()})), status: 200, says: ada},
		{name: "it lets a token write", headers: bearer(k.ed.token(t, claims{"scope": "users:write"})), write: true, status: 200, says: ada},
		{name: "it requires the scope of a token", headers: bearer(k.ed.token(t, nil)), write: true, status: 403, says: "users:write",
			challenge: realm + `, error="insufficient_scope", scope="users:write"`},
		{name: "it treats a token without scope as having none", headers: bearer(k.ed.token(t, claims{"scope": nil})), status: 403, says: "weather:read", challenge: realm + `, error="insufficient_scope"`},
		{name: "it takes scope by its name, not SCOPE", headers: bearer(k.ed.token(t, claims{"SCOPE": "users:write"})), write: true, status: 403, says: "users:write", challenge: realm},

		refused("it refuses an expired token", k.rsa.token(t, claims{"exp": past}), "has expired"),
		refused("it refuses a token before its time", k.ec.token(t, claims{"nbf": future}), "not yet valid"),
		refused("it refuses another issuer", k.ed.token(t, claims{"iss": "https://elsewhere.example"}), "wrong issuer"),
		refused("it refuses another audience", k.ed.token(t, claims{"aud": "others"}), "wrong audience"),
		refused("it refuses a list of others", k.ed.token(t, claims{"aud": []string{"others", "more"}}), "wrong audience"),
		refused("it refuses an audience that contains ours", k.ed.token(t, claims{"aud": audience + "2"}), "wrong audience"),
		refused("it requires exp", k.ed.token(t, claims{"exp": nil}), "lacks"),
		refused("it requires exp by its name, not EXP", k.ed.token(t, claims{"exp": nil, "EXP": future}), "lacks"),
		refused("it requires iss", k.ed.token(t, claims{"iss": nil}), "lacks"),
		refused("it requires aud", k.ed.token(t, claims{"aud": nil}), "lacks"),
		refused("it wants an aud that is text", k.ed.token(t, claims{"aud": 7}), "lacks"),
		refused("it requires sub", k.ed.token(t, claims{"sub": nil}), "lacks"),
		refused("it refuses an exp that is not number", k.ed.token(t, claims{"exp": "tomorrow"}), "malformed"),
		refused("it refuses a sub that is not text", k.ed.token(t, claims{"sub": 7}), "malformed"),
		refused("it refuses a sub with a newline", k.ed.token(t, claims{"sub": "a\nb"}), "malformed"),
		refused("it refuses a long sub", k.ed.token(t, claims{"sub": strings.Repeat("a", 256)}), "malformed"),
		refused("it refuses a scope that is not text", k.ed.token(t, claims{"scope": []string{"weather:read"}}), "malformed"),

		refused("it refuses alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "rsa-1", nil, nil), "algorithm"),
		refused("it refuses alg nOnE", raw(`{"alg":"nOnE","kid":"rsa-1"}`, `{}`), "algorithm"),
		refused("it refuses HS256 with the RSA key as the secret", sign(t, jwt.SigningMethodHS256, k.rsa.publicPEM(), "rsa-1", nil, nil), "algorithm"),
		refused("it refuses HS256 with the JWK as the secret", sign(t, jwt.SigningMethodHS256, []byte(k.rsa.jwk(nil)), "rsa-1", nil, nil), "algorithm"),
		refused("it refuses HS256 without a key id", sign(t, jwt.SigningMethodHS256, k.rsa.publicPEM(), "", claims{"kid": nil}, nil), "algorithm"),
		refused("it refuses PS256", sign(t, jwt.SigningMethodPS256, k.rsa.key, "rsa-1", nil, nil), "algorithm"),
		refused("it refuses RS512", sign(t, jwt.SigningMethodRS512, k.rsa.key, "rsa-1", nil, nil), "algorithm"),
		refused("it refuses an unknown algorithm", raw(`{"alg":"XX1","kid":"rsa-1"}`, `{}`), "algorithm"),
		refused("it refuses a token without an algorithm", raw(`{"kid":"rsa-1"}`, `{}`), "algorithm"),
		refused("it refuses an algorithm that is not text", raw(`{"alg":["RS256"],"kid":"rsa-1"}`, `{}`), "algorithm"),
		refused("it refuses a key of another algorithm", k.ed.as("rsa-1").token(t, nil), "unknown key"),
		refused("it refuses an unknown kid", k.other.token(t, nil), "unknown key"),
		refused("it refuses a key that the token brings along", k.other.tokenWith(t, claims{"jwk": k.other.jwk(nil), "jku": "https://elsewhere.example"}, nil), "unknown key"),
		{name: "it tries the keys of the algorithm for a token without a kid", headers: bearer(k.ed.tokenWith(t, claims{"kid": nil}, nil)), status: 200, says: ada},
		refused("it refuses a token without a kid that none of them has signed", k.other.tokenWith(t, claims{"kid": nil}, nil), "signature"),
		refused("it refuses a kid that is not text", k.ed.tokenWith(t, claims{"kid": 7}, nil), "malformed"),
		refused("it refuses a critical extension", k.ed.tokenWith(t, claims{"crit": []string{"b64"}, "b64": false}, nil), "critical extension"),
		refused("it refuses a signature by another", k.other.as("ed-1").token(t, nil), "signature"),
		refused("it refuses a token that was changed", tampered(k.rsa.token(t, nil)), "signature"),
		refused("it refuses a token without its signature", strings.TrimRight(k.ec.token(t, nil), "-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), "signature"),
		refused("it refuses another spelling of a good token", respelled(k.ed.token(t, nil)), "malformed"),
		refused("it refuses a token that is not base64", "a.%.c", "malformed"),
		refused("it refuses a token that is not JSON", raw(`alg`, `{}`), "malformed"),
		refused("it refuses claims that are not an object", raw(`{"alg":"EdDSA","kid":"ed-1"}`, `[]`), "malformed"),
		refused("it refuses an encrypted token", "a.b.c.d.e", "unknown API key"),
		refused("it refuses dots", "..", "malformed"),
		refused("it refuses a huge token", k.ed.token(t, claims{"x": strings.Repeat("x", 16<<10)}), "malformed"),
	})
}

func TestAnonymousCallers(t *testing.T) {
	k := theKeys()
	i := startIssuer(t, publishes(k.ed))
	cfg := believing(i)
	cfg.Keys, cfg.Anonymous = apiKeys(), []string{auth.WeatherRead}
	answers(t, cfg, []exchange{
		{name: "it allows them the anonymous scopes", status: 200, says: ""},
		{name: "it asks for credentials for everything else", write: true, status: 401, says: "needs credentials", challenge: realm},
		refused("it does not treat a wrong key as anonymous", "nope", "unknown API key"),
		refused("it does not treat an expired token as anonymous", k.ed.token(t, claims{"exp": time.Now().Add(-time.Hour).Unix()}), "has expired"),
		{name: "it does not treat another scheme as anonymous", headers: []string{"Authorization", "Basic eDp5"}, status: 401, says: "Bearer", challenge: realm},
		{name: "it does not treat an empty key as anonymous", headers: xAPIKey(""), status: 401, says: "empty", challenge: invalid},
		{name: "it allows a key the anonymous scopes too", headers: bearer(writerKey), status: 200, says: "key:writer"},
		{name: "it allows a token the anonymous scopes too", headers: bearer(k.ed.token(t, claims{"scope": ""})), status: 200, says: ada},
	})
}

func TestKeysOnly(t *testing.T) {
	answers(t, auth.Config{Keys: apiKeys()}, []exchange{
		{name: "it lets a key in", headers: bearer(webKey), status: 200, says: "key:web"},
		refused("it says that tokens are not accepted", theKeys().ed.token(t, nil), "only API keys"),
		refused("it refuses a wrong key", "nope", "unknown API key"),
	})
}

func TestTokensOnly(t *testing.T) {
	k := theKeys()
	i := startIssuer(t, publishes(k.ed))
	answers(t, believing(i), []exchange{
		{name: "it lets a token in", headers: bearer(k.ed.token(t, nil)), status: 200, says: ada},
		{name: "it lets in a token without a kid", headers: bearer(k.ed.tokenWith(t, claims{"kid": nil}, nil)), status: 200, says: ada},
		refused("it refuses one where no key has its algorithm", k.ec.tokenWith(t, claims{"kid": nil}, nil), "unknown key"),
		refused("it refuses what is not a token", "nope", "malformed"),
		{name: "it refuses an X-API-Key", headers: xAPIKey("nope"), status: 401, says: "unknown API key", challenge: invalid},
	})
}

func TestNothingConfigured(t *testing.T) {
	answers(t, auth.Config{Anonymous: []string{auth.WeatherRead, auth.UsersRead}}, []exchange{
		{name: "it lets everybody read", status: 200, says: ""},
		{name: "it says what to configure when a write is refused", write: true, status: 403, says: "configure API_KEYS or JWT_JWKS_URL"},
		{name: "it ignores a key", headers: xAPIKey("mine"), status: 200, says: ""},
		{name: "it ignores Basic credentials, meant for a proxy", headers: []string{"Authorization", "Basic eDp5"}, status: 200, says: ""},
		{name: "it ignores a token", headers: bearer(theKeys().ed.token(t, nil)), status: 200, says: ""},
		{name: "it refuses a write with any credentials", headers: bearer("mine"), write: true, status: 403, says: "configure API_KEYS or JWT_JWKS_URL"},
	})
	answers(t, auth.Config{}, []exchange{
		{name: "it refuses reads unless anonymous scopes allow them", status: 403, says: "weather:read"},
	})
	answers(t, auth.Config{Anonymous: []string{auth.UsersWrite}}, []exchange{
		{name: "it allows writes if anonymous scopes allow them", write: true, status: 200, says: ""},
	})
}

// answers sends the requests over HTTP, checks each answer, and checks that neither
// the answers nor the log contain any part of the credentials.
func answers(t *testing.T, cfg auth.Config, exchanges []exchange) {
	t.Helper()
	var log bytes.Buffer
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	a := open(t, cfg)
	server := httptest.NewServer(door(a))
	t.Cleanup(server.Close)
	for _, e := range exchanges {
		t.Run(e.name, func(t *testing.T) {
			e.check(t, server)
		})
	}
	a.Close() // after this nothing is logged
	for _, e := range exchanges {
		wantNone(t, log.String(), e.headers)
	}
}

func (e exchange) check(t *testing.T, server *httptest.Server) {
	t.Helper()
	method := http.MethodGet
	if e.write {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = request(e.headers...).Header
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != e.status || !strings.Contains(string(body), e.says) {
		t.Errorf("%s: %d %q, want %d %q", method, resp.StatusCode, body, e.status, e.says)
	}
	if e.status == http.StatusOK && e.says == "" && len(body) > 0 {
		t.Errorf("the caller is %q, want nobody", body)
	}
	challenge := resp.Header.Get("WWW-Authenticate")
	if !strings.HasPrefix(challenge, e.challenge) || (e.challenge == "") != (challenge == "") {
		t.Errorf("WWW-Authenticate = %q, want %q", challenge, e.challenge)
	}
	if e.challenge == realm && strings.Contains(challenge, "error=") && e.status == http.StatusUnauthorized {
		t.Errorf("WWW-Authenticate = %q, want no error where no credentials were seen", challenge)
	}
	if strings.HasPrefix(challenge, invalid) && challenge != invalid+strings.TrimSpace(string(body))+`"` {
		t.Errorf("WWW-Authenticate = %q, want the detail in it, %q", challenge, body)
	}
	wantNone(t, string(body)+challenge, e.headers)
}

// wantNone checks that a text contains no part of what was sent.
func wantNone(t *testing.T, text string, headers []string) {
	t.Helper()
	for n := 1; n < len(headers); n += 2 {
		_, credential, _ := strings.Cut(" "+headers[n], " ")
		for _, piece := range strings.FieldsFunc(credential, func(c rune) bool { return c == '.' || c == ' ' }) {
			if len(piece) > 8 && strings.Contains(text, piece) {
				t.Errorf("%q holds %q, which was sent", text, piece)
			}
		}
	}
}
