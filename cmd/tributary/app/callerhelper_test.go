package app

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// clubFile asks the club with the caller's own token, the bank with ours and the shop
// without any.
const clubFile = `version: 1
upstreams:
  club: {url: "http://club.test", credentials: caller, retries: 0}
  bank: {url: "http://bank.test", credentials: bearer, retries: 0}
  shop: {url: "http://shop.test", retries: 0}
sources:
  member: {get: "club /members/{id}", answer: any.json}
  cards:  {get: "club /cards?id={ids}", answer: card.json, batch: {over: ids, by: .id, most: 10}}
  rates:  {get: "bank /rates/{id}", answer: any.json}
  offers: {get: "shop /offers/{id}", answer: any.json}
endpoints:
  /v1/members/{id}:
    scope: club:read
    cache: public
    parameters: {id: {type: string, maxLength: 9}}
    parts:
      member: {ask: {id: id}, required: true}
      offers: {ask: {id: id}}
    data: {member: member, offers: offers}
  /v1/guests/{id}:
    scope: club:read
    parameters: {id: {type: string, maxLength: 9}}
    parts: {member: {ask: {id: id}}, offers: {ask: {id: id}}}
    data: {member: member, offers: offers}
  /v1/alone/{id}:
    scope: none
    parameters: {id: {type: string, maxLength: 9}}
    parts: {member: {ask: {id: id}}}
    data: member
  /v1/offers/{id}:
    scope: none
    cache: public
    parameters: {id: {type: string, maxLength: 9}}
    parts: {offers: {ask: {id: id}}}
    data: {offers: offers}
  /v1/cards:
    scope: club:read
    parameters: {ids: {type: array, items: {type: string}, required: true}}
    parts: {cards: {ask: {ids: ids}, required: true}}
    data:
      first: cards["a"].of
      second: cards["b"].of
  /v1/own/{id}:
    scope: club:read
    parameters: {id: {type: string, maxLength: 9}}
    parts: {best: {first_of: [member, rates], ask: {id: id}, required: true}}
    data: best
  /v1/ours/{id}:
    scope: club:read
    parameters: {id: {type: string, maxLength: 9}}
    parts: {best: {first_of: [rates, member], ask: {id: id}, required: true}}
    data: best
`

// club is a gateway with the endpoints of clubFile. Its upstreams say who they take the
// caller for.
type club struct {
	*world

	mu   sync.Mutex
	sent map[string][]string // Authorization of the requests, by host
}

const (
	issuerOfTokens = "https://id.test"
	clubKey        = "0123456789abcdef"
)

func newClub(t *testing.T, env ...string) *club {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"endpoints.yaml": clubFile, "any.json": "{}", "card.json": `{"properties": {"id": {"type": "string"}, "of": {"type": "string"}}}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := &club{sent: make(map[string][]string)}
	c.world = newWorld(t, with(map[string]string{
		"ENDPOINTS_FILE": filepath.Join(folder, "endpoints.yaml"), "BANK_TOKEN": "bank-secret-of-ours",
		"JWT_JWKS_URL": "http://id.test/keys", "JWT_ISSUER": issuerOfTokens, "JWT_AUDIENCE": "tributary",
		"API_KEYS": "web:club:read:" + clubKey, "ANONYMOUS_SCOPES": "club:read",
	}, env...), map[string]http.HandlerFunc{
		"id.test": publishesKey, "club.test": c.sees(knowsCaller), "bank.test": c.sees(says(200, `{"rate":1}`)), "shop.test": c.sees(says(200, `{"sale":true}`)),
	})
	return c
}

// sees notes the credentials of requests.
func (c *club) sees(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.sent[r.Host] = append(c.sent[r.Host], r.Header.Get("Authorization"))
		c.mu.Unlock()
		next(w, r)
	}
}

// knowsCaller answers with the subject of the token.
func knowsCaller(w http.ResponseWriter, r *http.Request) {
	who := subjectOf(r)
	if r.URL.Path != "/cards" {
		io.WriteString(w, `{"name":"`+who+`"}`)
		return
	}
	var cards []string
	for _, id := range r.URL.Query()["id"] {
		cards = append(cards, `{"id":"`+id+`","of":"`+who+`"}`)
	}
	io.WriteString(w, "["+strings.Join(cards, ",")+"]")
}

func subjectOf(r *http.Request) string {
	var claims struct{ Sub string }
	parts := strings.Split(r.Header.Get("Authorization"), ".")
	if len(parts) == 3 {
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(payload, &claims)
	}
	return claims.Sub
}

// refuses refuses one caller, and knows the others.
func refuses(subject string, status int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if subjectOf(r) != subject {
			knowsCaller(w, r)
			return
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, `{"message":"`+r.Header.Get("Authorization")+`"}`) // some upstreams quote what they refuse
	}
}

var issuerKey = func() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("the issuer of these tests"))
	return ed25519.NewKeyFromSeed(seed[:])
}()

func publishesKey(w http.ResponseWriter, _ *http.Request) {
	public := base64.RawURLEncoding.EncodeToString(issuerKey.Public().(ed25519.PublicKey))
	io.WriteString(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","use":"sig","alg":"EdDSA","x":"`+public+`"}]}`)
}

// tokenOf is a token of the issuer, which is valid for a time.
func tokenOf(subject string, lasts time.Duration) string {
	claims, err := json.Marshal(map[string]any{
		"iss": issuerOfTokens, "aud": "tributary", "sub": subject, "scope": "club:read users:write", "exp": time.Now().Add(lasts).Unix(),
	})
	if err != nil {
		panic(err)
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":"1"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(issuerKey, []byte(text)))
}

// reply is an answer with what stands around it.
type reply struct {
	answer
	header http.Header
	text   string
}

func (c *club) ask(method, path, body string, header ...string) (r reply) {
	c.t.Helper()
	request := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	c.g.api.ServeHTTP(rec, request)
	r.status, r.header, r.text = rec.Code, rec.Header(), rec.Body.String()
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &r.body); err != nil {
			c.t.Fatalf("%s: %d %s: %v", path, rec.Code, rec.Body, err)
		}
	}
	return r
}

// as asks with a token.
func (c *club) as(token, path string) reply {
	c.t.Helper()
	return c.ask(http.MethodGet, path, "", "Authorization", "Bearer "+token)
}

// want checks an answer: its status, its data, and its parts as states writes them.
func (c *club) want(r reply, status int, data, parts string) {
	c.t.Helper()
	if got := states(r.answer); r.status != status || string(r.body.Data) != data || got != parts {
		c.t.Errorf("answer = %d %s (%s), want %d %s (%s)", r.status, r.text, got, status, data, parts)
	}
}

// wantSent wants the Authorization of all requests to a host.
func (c *club) wantSent(host string, want ...string) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.sent[host]; strings.Join(got, "\n") != strings.Join(want, "\n") {
		c.t.Errorf("%s got %q, want %q", host, got, want)
	}
}
