package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// signingKey is one public key of an issuer. It verifies one algorithm only,
// whatever the token's header says (RFC 8725 §3.1).
type signingKey struct {
	kid       string // "": the key has no id
	algorithm string
	key       crypto.PublicKey
}

func (k signingKey) equal(other signingKey) bool {
	key, ok := k.key.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.kid == other.kid && k.algorithm == other.algorithm && key.Equal(other.key)
}

// keySet is an issuer's public keys. Two keys may share a kid, which need not be
// unique (RFC 7517 §4.5).
type keySet []signingKey

// maxCandidates limits the signature checks for one token.
const maxCandidates = 8

// candidates returns the keys of the token's algorithm and kid. A key or token
// without a kid matches any.
func (s keySet) candidates(kid, algorithm string) jwt.VerificationKeySet {
	var named, unnamed []jwt.VerificationKey
	for _, k := range s {
		switch {
		case k.algorithm != algorithm:
		case k.kid == kid:
			named = append(named, k.key)
		case k.kid == "" || kid == "":
			unnamed = append(unnamed, k.key)
		}
	}
	all := append(named, unnamed...) // the likeliest first
	return jwt.VerificationKeySet{Keys: all[:min(len(all), maxCandidates)]}
}

func (s keySet) equal(other keySet) bool { return slices.EqualFunc(s, other, signingKey.equal) }

// parseKeySet reads a JWK set (RFC 7517 §5). Keys that are unsupported or
// unreadable are skipped.
func parseKeySet(body []byte) (keySet, error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff")) // a byte order mark
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, errors.New("the answer is not a JWK set") // the original error quotes the answer
	}
	var keys keySet
	for _, raw := range document.Keys {
		if key, ok := parseKey(raw); ok && !slices.ContainsFunc(keys, key.equal) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		// An empty set is more likely a mistake than a way to reject every token.
		return nil, errors.New("the answer has no key for RS256, ES256 or EdDSA")
	}
	return keys, nil
}

func parseKey(raw json.RawMessage) (signingKey, bool) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return signingKey{}, false
	}
	m.X5C, m.X5T, m.X5TS256, m.X5U = nil, "", "", "" // the certificate is not needed: TLS has authenticated the issuer
	jwk, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return signingKey{}, false
	}
	algorithm := algorithmOf(jwk.Key())
	usable := algorithm != "" &&
		(m.ALG == "" || m.ALG.String() == algorithm) &&
		(m.USE == "" || m.USE == jwkset.UseSig) &&
		(len(m.KEYOPS) == 0 || slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify))
	return signingKey{m.KID, algorithm, jwk.Key()}, usable
}

// algorithmOf returns the algorithm for a key, or "" if it is unsupported.
func algorithmOf(key any) string {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= 2048 { // required by RFC 7518 §3.3
			return "RS256"
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() { // golang-jwt does not check the curve
			return "ES256"
		}
	case ed25519.PublicKey:
		return "EdDSA"
	}
	return ""
}
