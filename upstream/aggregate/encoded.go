package aggregate

import (
	"crypto/sha256"
	"encoding/base64"
)

// Encoded is the JSON of an answer's data, and a tag that changes with it.
type Encoded struct {
	JSON []byte
	Tag  string
}

// Tag is a short hash of a body, the same on every replica.
func Tag(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}
