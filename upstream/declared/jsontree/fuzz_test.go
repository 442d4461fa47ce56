package jsontree_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"tributary/upstream/declared/jsontree"
)

// What Parse accepts is what encoding/json reads from the same bytes: every value
// of the tree decodes to the same, and compact bytes parse to the same tree.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `"a\u00e9\ud83d\ude00"`, `[1,-0,1.10,1e400,[],{}]`, `{"a":{"b":[null,true]},"a.b":"x"}`,
		"\ufeff{} ", `{"a":1,"a":2}`, "[\"\xff\"]", `"\ud800"`, `[1,]`, `01`, `{"a"`, order(2),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tree, err := jsontree.Parse(raw)
		if err != nil {
			return
		}
		raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
		want := decode(t, raw)
		if got := value(t, tree.Root()); !reflect.DeepEqual(got, want) {
			t.Fatalf("the tree has %#v, encoding/json %#v", got, want)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, raw); err != nil || !bytes.Equal(compact.Bytes(), tree.Root().Bytes()) {
			t.Fatalf("bytes %s, want %s (%v)", tree.Root().Bytes(), compact.Bytes(), err)
		}
		again, err := jsontree.Parse(compact.Bytes())
		if err != nil || !bytes.Equal(again.Root().Bytes(), tree.Root().Bytes()) {
			t.Fatalf("parsed again: %v", err)
		}
		shared, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		back := new(jsontree.Tree)
		if err := json.Unmarshal(shared, back); err != nil || !bytes.Equal(back.Root().Bytes(), tree.Root().Bytes()) {
			t.Fatalf("from the shared cache: %s, %v", back.Root().Bytes(), err)
		}
	})
}

// value builds what encoding/json would from the tree, and checks the bytes of
// each node on the way.
func value(t *testing.T, n jsontree.Node) any {
	t.Helper()
	var v any
	switch n.Kind() {
	case jsontree.Object:
		members := map[string]any{}
		for key, c := range n.Members() {
			members[key] = value(t, c)
			if n.Member(key) != c {
				t.Fatalf("Member(%q) is not what Members yields", key)
			}
		}
		v = members
	case jsontree.List:
		items := []any{}
		for c := range n.Items() {
			if n.Index(len(items)) != c {
				t.Fatalf("Index(%d) is not what Items yields", len(items))
			}
			items = append(items, value(t, c))
		}
		v = items
	case jsontree.Text:
		v, _ = n.Text()
	default:
		return decode(t, n.Bytes())
	}
	if !reflect.DeepEqual(v, decode(t, n.Bytes())) {
		t.Fatalf("the bytes %s are not %#v", n.Bytes(), v)
	}
	return v
}

func decode(t *testing.T, b []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("encoding/json does not read %q: %v", b, err)
	}
	return v
}
