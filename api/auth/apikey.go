package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
)

// Key is an API key. Its String and GoString show only the name.
type Key struct {
	Name   string // identifies the caller in logs
	Scopes []string
	Key    string
}

func (k Key) String() string   { return k.Name }
func (k Key) GoString() string { return k.Name }

// hashedKey is the stored form of a key. SHA-256 is enough: unlike passwords, keys
// are long and random, and one is checked with every request.
type hashedKey struct {
	sum    [sha256.Size]byte
	caller Caller
}

func hashKeys(keys []Key, anonymous Scopes) ([]hashedKey, error) {
	names, sums := map[string]bool{}, map[[sha256.Size]byte]bool{}
	var hashed []hashedKey
	for i, k := range keys {
		sum := sha256.Sum256([]byte(k.Key))
		switch {
		case k.Name == "" || k.Key == "":
			return nil, fmt.Errorf("API key %d has no name or is empty", i+1)
		case names[k.Name] || sums[sum]:
			return nil, fmt.Errorf("API key %d has the name or the key of another", i+1)
		}
		names[k.Name], sums[sum] = true, true
		hashed = append(hashed, hashedKey{sum, Caller{
			Kind:        APIKey,
			Name:        k.Name,
			Scopes:      Scopes(k.Scopes).and(anonymous),
			fingerprint: "key:" + k.Name,
		}})
	}
	return hashed, nil
}

// byKey returns the caller of a key. All hashes are compared in full, so that the
// time depends only on the length of value, not on whether the key is known.
func (a *Authenticator) byKey(value string) (Caller, bool) {
	sum := sha256.Sum256([]byte(value))
	found := -1
	for i := range a.keys {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(sum[:], a.keys[i].sum[:]), i, found)
	}
	if found < 0 {
		return Caller{}, false
	}
	return a.keys[found].caller, true
}
