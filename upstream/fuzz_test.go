package upstream

import (
	"net/http"
	"testing"
	"time"

	"tributary/cache"
	"tributary/upstream/call"
)

func FuzzLifetime(f *testing.F) {
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	lifetimes := cache.Lifetimes{FreshFor: 10 * time.Minute, RevalidateFor: 10 * time.Minute, StaleFor: 24 * time.Hour}
	for _, h := range [][4]string{
		{"max-age=60", "", "", ""},
		{`s-maxage="60", max-age=1, no-cache="x,y"`, "", "30", ""},
		{"no-store", "", "", ""},
		{"max-age=99999999999999999999", "", "99999999999999999999", ""},
		{"", "Tue, 24 Nov 2026 07:00:00 GMT", "", "Tue, 24 Nov 2026 06:00:10 GMT"},
		{"", "Fri, 31 Dec 9999 23:59:59 GMT", "-5", "Mon, 01 Jan 0001 00:00:00 GMT"},
		{"", "Tue, 01 Nov 0000 0:00:00 GMT", "1", ""},
		{",=,==,", "0", "x", "x"},
	} {
		f.Add(h[0], h[1], h[2], h[3], true)
	}
	f.Fuzz(func(t *testing.T, cacheControl, expires, age, date string, wins bool) {
		h := http.Header{"Cache-Control": {cacheControl}, "Expires": {expires}, "Age": {age}, "Date": {date}}
		p := lifetime(h, now)
		if p.For < 0 || p.For > call.MaxDelta || !p.Given && p.For != 0 {
			t.Errorf("lifetime(%v) = %+v, want 0 to %v", h, p, call.MaxDelta)
		}
		p.Wins = wins
		s := lifetimes.Windows(now, p)
		if s.FreshUntil.Before(now) || s.RevalidateUntil.Before(s.FreshUntil) || s.GoneAt.Before(s.RevalidateUntil) || !s.GoneAt.Equal(now.Add(lifetimes.StaleFor)) {
			t.Errorf("spans of %v = %+v, want them one after the other from %v", h, s, now)
		}
	})
}

func FuzzCacheControl(f *testing.F) {
	f.Add("max-age=60, No-Store", "public")
	f.Add(`,, =x,private="a`, `b"`)
	f.Fuzz(func(t *testing.T, a, b string) {
		for name := range cacheControl(http.Header{"Cache-Control": {a, b}}) {
			if name == "" || len(name) > max(len(a), len(b))*3 { // lower case may be longer
				t.Errorf("cacheControl(%q, %q) has %q", a, b, name)
			}
		}
	})
}
