package jsontree_test

import (
	"slices"
	"testing"

	"tributary/upstream/declared/jsontree"
)

func TestLookups(t *testing.T) {
	root := parse(t, `{"a":{"b":[10,{"c":"\u00e9"},null]},"n":null,"f.g":"dots","":"empty","t":true}`).Root()
	list := root.Member("a").Member("b")
	for name, tt := range map[string]struct {
		node jsontree.Node
		kind jsontree.Kind
		want string
	}{
		"a member":                {root.Member("a"), jsontree.Object, `{"b":[10,{"c":"\u00e9"},null]}`},
		"an item":                 {list.Index(0), jsontree.Number, `10`},
		"a member of an item":     {list.Index(1).Member("c"), jsontree.Text, `"\u00e9"`},
		"null":                    {root.Member("n"), jsontree.Null, `null`},
		"a null item":             {list.Index(2), jsontree.Null, `null`},
		"a name with a dot":       {root.Member("f.g"), jsontree.Text, `"dots"`},
		"an empty name":           {root.Member(""), jsontree.Text, `"empty"`},
		"true":                    {root.Member("t"), jsontree.Boolean, `true`},
		"an unknown member":       {root.Member("b"), jsontree.Absent, ``},
		"a name two levels down":  {root.Member("c"), jsontree.Absent, ``},
		"a member of null":        {root.Member("n").Member("x"), jsontree.Absent, ``},
		"a member of a list":      {list.Member("c"), jsontree.Absent, ``},
		"an item of an object":    {root.Index(0), jsontree.Absent, ``},
		"beyond the end":          {list.Index(3), jsontree.Absent, ``},
		"a negative index":        {list.Index(-1), jsontree.Absent, ``},
		"something of nothing":    {jsontree.Node{}.Member("a").Index(1), jsontree.Absent, ``},
		"the root of no tree":     {(*jsontree.Tree)(nil).Root(), jsontree.Absent, ``},
		"the root of a zero tree": {new(jsontree.Tree).Root(), jsontree.Absent, ``},
	} {
		if tt.node.Kind() != tt.kind || string(tt.node.Bytes()) != tt.want {
			t.Errorf("%s: kind %d, bytes %s, want %d, %s", name, tt.node.Kind(), tt.node.Bytes(), tt.kind, tt.want)
		}
		if absent := tt.kind == jsontree.Absent || tt.kind == jsontree.Null; tt.node.IsAbsent() != absent {
			t.Errorf("%s: IsAbsent = %t, want %t", name, tt.node.IsAbsent(), absent)
		}
	}
	if got, ok := list.Index(1).Member("c").Text(); got != "é" || !ok {
		t.Errorf("Text = %q, %t, want é", got, ok)
	}
	if got, ok := list.Index(0).Text(); got != "" || ok {
		t.Errorf("Text of a number = %q, %t, want none", got, ok)
	}
}

func TestEntries(t *testing.T) {
	root := parse(t, `{"b":[1,[2,3],null],"a":{},"c":"x"}`).Root()
	var keys, items []string
	for key, value := range root.Members() {
		keys = append(keys, key+"="+string(value.Bytes()))
	}
	if want := []string{"b=[1,[2,3],null]", "a={}", "c=\"x\""}; !slices.Equal(keys, want) {
		t.Errorf("Members = %q, want %q", keys, want)
	}
	for item := range root.Member("b").Items() {
		items = append(items, string(item.Bytes()))
	}
	if want := []string{"1", "[2,3]", "null"}; !slices.Equal(items, want) {
		t.Errorf("Items = %q, want %q", items, want)
	}
	for range root.Items() {
		t.Error("Items of an object yields something")
	}
	for range root.Member("b").Members() {
		t.Error("Members of a list yields something")
	}
	for name, tt := range map[string]struct {
		node jsontree.Node
		want int
	}{
		"an object": {root, 3}, "a list": {root.Member("b"), 3}, "an empty object": {root.Member("a"), 0},
		"text": {root.Member("c"), 0}, "nothing": {jsontree.Node{}, 0},
	} {
		if got := tt.node.Len(); got != tt.want {
			t.Errorf("Len of %s = %d, want %d", name, got, tt.want)
		}
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	tree := parse(t, order(10))
	allocs := testing.AllocsPerRun(100, func() {
		if len(tree.Root().Member("lines").Index(8).Member("sku").Bytes()) == 0 {
			t.Fatal("no bytes")
		}
	})
	if allocs != 0 {
		t.Errorf("a path takes %v allocations, want 0", allocs)
	}
}

func BenchmarkPath(b *testing.B) {
	tree := parse(b, order(450))
	b.ReportAllocs()
	for b.Loop() {
		if len(tree.Root().Member("lines").Index(8).Member("sku").Bytes()) == 0 {
			b.Fatal("no bytes")
		}
	}
}
