package jsontree

import "encoding/json"

// MarshalJSON is the answer's bytes as a JSON string, for the cache that replicas
// share. As JSON itself they would come back altered: encoding/json writes < > and &
// in another way, and a path copies what the upstream sent.
func (t *Tree) MarshalJSON() ([]byte, error) { return json.Marshal(string(t.raw)) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Tree) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	parsed, err := Parse([]byte(text))
	if err != nil {
		return err
	}
	*t = *parsed
	return nil
}
