package upstream

import (
	"bytes"
	"testing"
	"time"
)

// FuzzSharedEntry reads arbitrary bytes as an entry of the shared cache. What is read is
// exactly what this program would have written, in the right order of its times.
func FuzzSharedEntry(f *testing.F) {
	for _, text := range []string{
		`{"value":{"a":1},"stored_at":"2026-11-24T06:00:00Z","fresh_until":"2026-11-24T06:10:00Z","revalidate_until":"2026-11-24T06:20:00Z","gone_at":"2026-11-25T06:00:00Z"}`,
		`{"value":{"a":1},"stored_at":"2026-11-24T06:00:00.5+01:00","fresh_until":"2026-11-24T06:10:00Z","revalidate_until":"2026-11-24T06:20:00Z","gone_at":"2026-11-25T06:00:00Z","provider_until":"2026-11-24T06:10:00Z","etag":"\"x\"","last_modified":"x","lifetime":{"for":1,"given":true,"no_cache":true},"must_revalidate":true}`,
		`{"value":{},"stored_at":null}`, `{"value":null}`, `{}`, "", "\xff", `{"Value":{"a":1}}`, `{"value":{"a":1},"stored_at":"9999-12-31T23:59:59Z"}`,
	} {
		f.Add([]byte(text))
	}
	now := time.Date(2026, 11, 24, 6, 5, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, b []byte) {
		e := decodeEntry[map[string]int](b, now)
		if e == nil {
			return
		}
		if again := encode[map[string]int](e); !bytes.Equal(again, b) {
			t.Errorf("%q is read, and would be written as %q", b, again)
		}
		if w := e.Windows(); e.StoredAt.After(now.Add(maxSkew)) || w.RevalidateUntil.Before(w.FreshUntil) || w.GoneAt.Before(w.RevalidateUntil) || e.Age(now) < 0 {
			t.Errorf("%q: times are %+v", b, e)
		}
		if v, ok := e.Value.(map[string]int); !ok || len(v) == 0 {
			t.Errorf("%q: value = %v, want some", b, e.Value)
		}
	})
}
