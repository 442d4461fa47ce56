package cache

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzStoredEntry reads arbitrary values of Redis. Bytes are an entry only if they were
// stored under the stamp that the group has now.
func FuzzStoredEntry(f *testing.F) {
	for _, v := range [][2]string{{"\n{}", ""}, {"a\n{}", "a"}, {"a\n{}", "b"}, {"a\n\n", "a\n"}, {"", ""}, {"a", "a"}, {"\xff\n", "\xff"}} {
		f.Add(v[0], v[1], "c")
	}
	f.Fuzz(func(t *testing.T, stored, group, key string) {
		b, at := unpack(stored, group, key)
		if at.group != group || at.key != key || !at.read {
			t.Errorf("stamp = %+v, want %q and %q", at, group, key)
		}
		if was := group + "\n" + string(b); b != nil && was != stored || b == nil && strings.HasPrefix(stored, group+"\n") {
			t.Errorf("%q with the stamp %q gives %q", stored, group, b)
		}
	})
}

// FuzzInvalidationMessage reads arbitrary messages. A message invalidates keys of its
// group only, and what cannot be read nothing.
func FuzzInvalidationMessage(f *testing.F) {
	for _, text := range []string{
		`{"ID":"1","From":"other","Group":"users","Key":"1"}`, `{"ID":"1","From":"other","Group":"users","Key":"","Keep":true}`, `{"ID":"1","From":"me","Group":"users","Key":"1"}`,
		`{"Group":"users","Key":"1","Held":true}`, `{"Group":"users","Key":"1","Held":true,"Again":true}`, `{"group":"users"}`, `{}`, `null`, `[]`, "", "\xff", `{"Key":1}`,
	} {
		f.Add(text, "users")
	}
	f.Fuzz(func(t *testing.T, text, group string) {
		n := &invalidations{redis: &Redis{process: "me"}, listeners: make(map[string][]*listener)}
		heard := map[string]int{}
		for _, g := range []string{group, group + "x"} {
			n.listeners[g] = []*listener{{func(string, bool) { heard[g]++ }}}
		}
		var what message
		if json.Unmarshal([]byte(text), &what) != nil {
			return // as handle
		}
		n.received(what)
		for g, times := range heard {
			if g != what.Group || times != 1 {
				t.Errorf("%q: the group %q was invalidated %d times", text, g, times)
			}
		}
		if len(heard) == 0 && len(n.listeners[what.Group]) > 0 {
			t.Errorf("%q invalidates nothing", text)
		}
		if held := n.holds.has(what.Group, what.Key); held != (what.Held && len(n.listeners[what.Group]) > 0) {
			t.Errorf("%q: held %t", text, held)
		}
	})
}
