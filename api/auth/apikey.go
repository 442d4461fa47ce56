package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
)

// Key is an API key. Printing one, or anything it is in, shows its name only.
type Key struct {
	Name   string // stands for the caller in logs
	Scopes []string
	Key    string
}

func (k Key) String() string   { return k.Name }
func (k Key) GoString() string { return k.Name }

// hashedKey is what is kept of a key. SHA-256 is enough: keys are long and
// random, unlike passwords, and are looked at with every request.
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

// byKey is the caller who has a key. It takes the same time for every key of
// one length, known or not: all hashes are compared, each in full.
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
