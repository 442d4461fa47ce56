package call

import (
	"net/http"
	"testing"
	"time"
)

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	for _, v := range []string{
		"", "0", "30", " 30 ", "-1", "1.5", "soon", "99999999999999999999",
		"Tue, 24 Nov 2026 06:00:30 GMT", "Tue, 24 Nov 2026 05:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		if d := retryAfter(http.Header{"Retry-After": {v}}, now); d < 0 || d > maxRetryAfter {
			t.Errorf("retryAfter(%q) = %v, want 0 to %v", v, d, maxRetryAfter)
		}
	})
}
