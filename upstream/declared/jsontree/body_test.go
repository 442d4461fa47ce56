package jsontree_test

import (
	"testing"

	"tributary/upstream/declared/jsontree"
)

// The buffer of an answer's body is used again for the next answer.
func TestParseKeepsNoPartOfItsInput(t *testing.T) {
	const text = `{"name":"a\u0041","list":[1,{"x":null}],"text":"not escaped"}`
	raw := []byte(text)
	tree, err := jsontree.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	before := string(tree.Root().Bytes())
	for i := range raw {
		raw[i] = '#'
	}
	if after := string(tree.Root().Bytes()); after != before {
		t.Errorf("it was %s, and is %s", before, after)
	}
}
