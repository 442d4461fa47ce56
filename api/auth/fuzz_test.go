package auth_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tributary/api/auth"
)

// answering is an issuer whose key set is body, without a network.
func answering(body string) *issuer {
	return &issuer{
		url: &url.URL{Scheme: "https", Host: "issuer.test"},
		transport: transport(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		}),
	}
}

// FuzzCredentials sends arbitrary headers. Only a valid credential may identify a
// caller.
func FuzzCredentials(f *testing.F) {
	k := theKeys()
	cfg := believing(answering(keySetOf(k.rsa, k.ec, k.ed)))
	cfg.Keys = apiKeys()
	a := open(f, cfg)
	token := k.ed.token(f, nil)
	for _, authorization := range []string{
		"Bearer " + webKey, "bearer   " + writerKey, "Bearer " + token, "Bearer " + token + ".", "Bearer ", "Bearer", " ", "Basic eDp5",
		"Bearer " + k.rsa.token(f, claims{"exp": 1}), "Bearer " + k.ec.token(f, claims{"aud": "x"}), "Bearer " + k.other.token(f, nil),
		"Bearer " + raw(`{"alg":"none"}`, `{"sub":"ada"}`), "Bearer " + raw(`{"alg":"EdDSA","kid":null}`, `null`), "Bearer ..", webKey, "Bearer\t" + webKey,
	} {
		f.Add(authorization, "", true, false)
		f.Add("", authorization, false, true)
		f.Add(authorization, webKey, true, true)
	}
	f.Fuzz(func(t *testing.T, authorization, apiKey string, hasAuthorization, hasKey bool) {
		r := request()
		if hasAuthorization {
			r.Header["Authorization"] = []string{authorization}
		}
		if hasKey {
			r.Header["X-Api-Key"] = []string{apiKey}
		}
		want, welcome := map[string]string{webKey: "key:web", writerKey: "key:writer", token: ada}[credentialOf(r)]
		if credentialOf(r) == token && !hasAuthorization {
			welcome = false // tokens are not accepted in X-API-Key
		}
		if !hasAuthorization && !hasKey {
			welcome = true // as an anonymous caller
		}
		got, err := a.Authenticate(r)
		switch {
		case welcome != (err == nil):
			t.Errorf("%q: %v, want success: %t", r.Header, err, welcome)
		case err != nil:
			wantStatus(t, err, http.StatusUnauthorized, "")
		case got.Fingerprint() != want:
			t.Errorf("%q: caller = %q, want %q", r.Header, got.Fingerprint(), want)
		}
	})
}

// credentialOf is a second implementation of the header rules. It returns "" if
// there is no credential or the headers break the rules.
func credentialOf(r *http.Request) string {
	authorization, ok := r.Header["Authorization"]
	key, hasKey := r.Header["X-Api-Key"]
	if !ok && hasKey {
		return key[0]
	}
	if !ok || len(authorization[0]) < 7 || strings.ToLower(authorization[0][:7]) != "bearer " {
		return ""
	}
	credential := strings.Trim(authorization[0][7:], " ")
	if hasKey && key[0] != credential {
		return ""
	}
	return credential
}

// FuzzKeySet has the issuer send an arbitrary key set. A token may be accepted only
// if the set contains its key.
func FuzzKeySet(f *testing.F) {
	k := theKeys()
	for _, body := range []string{
		keySetOf(k.ed), keySetOf(k.rsa, k.ec, k.ed), keySetOf(k.p384, k.small), "", "null", "{}", `{"keys":null}`, `{"keys":[null,{},[]]}`,
		jwks(k.ed.jwk(claims{"d": "AQ", "x5c": []string{"AQ"}})), jwks(`{"kty":"oct","k":"AQ","kid":"ed-1"}`),
		jwks(k.rsa.jwk(claims{"e": "AAAAAAAAAAAAAA"})), jwks(k.ec.jwk(claims{"x": "", "y": "____"})), jwks(k.ed.jwk(claims{"x": "AQ"})),
	} {
		f.Add(body)
	}
	token := k.ed.token(f, nil)
	f.Fuzz(func(t *testing.T, body string) {
		a := open(t, believing(answering(body)))
		_, err := show(a, token)
		a.Close()
		refused, _ := err.(*auth.Error)
		switch {
		case err == nil && !holds(body, k.ed):
			t.Errorf("key set %q: the token got in, want its key to be there", body)
		case err != nil && refused.Status != http.StatusUnauthorized && refused.Status != http.StatusServiceUnavailable:
			t.Errorf("key set %q: %v, want 401 or 503", body, err)
		}
	})
}

// holds reports whether a JSON text contains a key's coordinate.
func holds(body string, s signer) bool {
	var wanted struct{ X string }
	if err := json.Unmarshal([]byte(s.jwk(nil)), &wanted); err != nil {
		return false
	}
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return false
	}
	plain, err := json.Marshal(v) // JSON without unneeded escapes
	return err == nil && strings.Contains(string(plain), strings.TrimRight(wanted.X, "="))
}
