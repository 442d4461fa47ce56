package declared

import (
	"encoding/json"

	"tributary/upstream/declared/jsontree"
	"tributary/upstream/declared/schema"
)

// validate reports what rule of a schema an answer breaks.
func validate(s *schema.Schema, t *jsontree.Tree) error {
	v, err := t.Root().Any()
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// validateJSON is validate for a value that is not parsed yet.
func validateJSON(s *schema.Schema, raw []byte) error {
	t, err := jsontree.Parse(raw)
	if err != nil {
		return err
	}
	return validate(s, t)
}

func marshal(v any) ([]byte, error) { return json.Marshal(v) }
