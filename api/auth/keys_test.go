package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signer signs tokens with a key id.
type signer struct {
	kid    string
	method jwt.SigningMethod
	key    crypto.Signer
}

// theKeys are made once, because generating RSA keys is slow.
var theKeys = sync.OnceValue(func() (k struct{ rsa, small, ec, p384, ed, other signer }) {
	k.rsa = signer{"rsa-1", jwt.SigningMethodRS256, must(rsa.GenerateKey(rand.Reader, 2048))}
	k.small = signer{"small-1", jwt.SigningMethodRS256, must(rsa.GenerateKey(rand.Reader, 1024))}
	k.ec = signer{"ec-1", jwt.SigningMethodES256, must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
	k.p384 = signer{"p384-1", jwt.SigningMethodES384, must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))}
	k.ed = signer{"ed-1", jwt.SigningMethodEdDSA, newEd25519()}
	k.other = signer{"other-1", jwt.SigningMethodEdDSA, newEd25519()} // not published
	return k
})

func newEd25519() crypto.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return must(key, err)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// as returns the signer with another key id.
func (s signer) as(kid string) signer {
	s.kid = kid
	return s
}

// jwk returns the public key as a JWK (RFC 7517, 7518, 8037) with members changed;
// nil removes a member.
func (s signer) jwk(changes map[string]any) string {
	m := map[string]any{"kid": s.kid, "use": "sig", "alg": s.method.Alg()}
	switch key := s.key.Public().(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", b64(key.N.Bytes()), b64(big.NewInt(int64(key.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(key.Bytes())[1:] // the uncompressed point is 4, x, y
		m["kty"], m["crv"] = "EC", key.Params().Name
		m["x"], m["y"] = b64(point[:len(point)/2]), b64(point[len(point)/2:])
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", b64(key)
	}
	for name, value := range changes {
		m[name] = value
		if value == nil {
			delete(m, name)
		}
	}
	return string(must(json.Marshal(m)))
}

func keySetOf(signers ...signer) string {
	var keys []string
	for _, s := range signers {
		keys = append(keys, s.jwk(nil))
	}
	return jwks(keys...)
}

func jwks(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// publicPEM is the public key, which an attacker can also get.
func (s signer) publicPEM() []byte {
	der := must(x509.MarshalPKIXPublicKey(s.key.Public()))
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

type claims = map[string]any

// good returns claims that are valid for an hour, with some changed.
func good(changes claims) jwt.MapClaims {
	now := time.Now()
	c := jwt.MapClaims{
		"iss": issuerName, "aud": audience, "sub": "ada", "scope": "openid weather:read",
		"nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	for name, value := range changes {
		c[name] = value
		if value == nil {
			delete(c, name)
		}
	}
	return c
}

// token signs valid claims with some changed.
func (s signer) token(t testing.TB, changes claims) string {
	t.Helper()
	return s.tokenWith(t, nil, changes)
}

// tokenWith also changes the header.
func (s signer) tokenWith(t testing.TB, header, changes claims) string {
	t.Helper()
	return sign(t, s.method, s.key, s.kid, header, changes)
}

func sign(t testing.TB, method jwt.SigningMethod, key any, kid string, header, changes claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, good(changes))
	token.Header["kid"] = kid
	for name, value := range header {
		token.Header[name] = value
		if value == nil {
			delete(token.Header, name)
		}
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatalf("sign %s: %v", method.Alg(), err)
	}
	return signed
}

// raw returns a token of arbitrary parts with an invalid signature.
func raw(header, payload string) string {
	return fmt.Sprintf("%s.%s.%s", b64([]byte(header)), b64([]byte(payload)), b64([]byte("signature")))
}

// tampered changes one claim after the token was signed.
func tampered(token string) string {
	parts := strings.Split(token, ".")
	payload := must(base64.RawURLEncoding.DecodeString(parts[1]))
	parts[1] = b64([]byte(strings.Replace(string(payload), "weather:read", "users:write", 1)))
	return strings.Join(parts, ".")
}

// respelled changes the last character to one that lenient decoders read as the
// same bytes.
func respelled(token string) string {
	last := len(token) - 1
	return token[:last] + string(token[last]+1)
}
