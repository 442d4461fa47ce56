package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"github.com/MicahParks/jwkset"
)

// keyID is what a token says of the key that it is signed with.
type keyID struct {
	kid       string // "": it does not say
	algorithm string
}

// keySet is an issuer's public keys. Each is for one algorithm only, whatever
// a token would like (RFC 8725 §3.1).
type keySet map[keyID]any

// find is the key of that name. A token may leave the name out when there is
// one key only (OpenID Connect Core §10.1).
func (s keySet) find(id keyID) (any, bool) {
	if id.kid == "" && len(s) == 1 {
		for only, key := range s {
			return key, only.algorithm == id.algorithm
		}
	}
	key, ok := s[id]
	return key, ok
}

// parseKeySet reads a JWK set (RFC 7517 §5). A key in it that we have no use
// for, or cannot read, does not cost us the others.
func parseKeySet(body []byte) (keySet, error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, errors.New("the answer is not a JWK set") // the error quotes it
	}
	keys := keySet{}
	for _, raw := range document.Keys {
		if id, key, ok := parseKey(raw); ok {
			keys[id] = key
		}
	}
	if len(keys) == 0 {
		// More likely a mishap than the wish to refuse every token.
		return nil, errors.New("the answer has no key for RS256, ES256 or EdDSA")
	}
	return keys, nil
}

func parseKey(raw json.RawMessage) (keyID, any, bool) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return keyID{}, nil, false
	}
	m.X5C, m.X5T, m.X5TS256, m.X5U = nil, "", "", "" // TLS has told whose keys they are
	jwk, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return keyID{}, nil, false
	}
	algorithm := algorithmOf(jwk.Key())
	usable := algorithm != "" &&
		(m.ALG == "" || m.ALG.String() == algorithm) &&
		(m.USE == "" || m.USE == jwkset.UseSig) &&
		(len(m.KEYOPS) == 0 || slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify))
	return keyID{m.KID, algorithm}, jwk.Key(), usable
}

// algorithmOf is what a key is for, "" if for nothing of ours.
func algorithmOf(key any) string {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= 2048 { // RFC 7518 §3.3
			return "RS256"
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() { // which golang-jwt does not ask
			return "ES256"
		}
	case ed25519.PublicKey:
		return "EdDSA"
	}
	return ""
}
