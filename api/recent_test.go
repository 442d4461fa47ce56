package api

import (
	"testing"
	"time"
)

func TestRecent(t *testing.T) {
	at := func(n int64) time.Time { return time.Unix(n, 0) }
	r := newRecent(2)
	r.put("a", at(1))
	r.put("b", at(2))
	r.get("a") // now b was not used for longest
	r.put("c", at(3))
	r.put("a", at(4)) // replaces a time, and no key
	for key, want := range map[string]time.Time{"a": at(4), "b": {}, "c": at(3), "d": {}} {
		if got := r.get(key); !got.Equal(want) {
			t.Errorf("get(%s) = %s, want %s", key, got, want)
		}
	}
	if len(r.byKey) != 2 || r.order.Len() != 2 {
		t.Errorf("%d keys and %d times, want 2 of each", len(r.byKey), r.order.Len())
	}
}
