package schema

import (
	"crypto/sha256"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tributary/upstream/declared/shape"
)

// Schema is a compiled schema. It is safe for concurrent use, and not to be changed.
type Schema struct {
	Type *shape.Type // of the values that are valid

	rules  *jsonschema.Schema
	names  map[string]bool
	digest [sha256.Size]byte
}

// Rules are the compiled rules, for who makes values that obey them.
func (s *Schema) Rules() *jsonschema.Schema { return s.rules }

// Digest is the same for the same schema, and differs when it or anything that it
// refers to changes: a part of cache keys.
func (s *Schema) Digest() [sha256.Size]byte { return s.digest }
