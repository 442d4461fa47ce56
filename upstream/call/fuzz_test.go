package call

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
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

// FuzzReason reads arbitrary error bodies. What is shown of them is one short line,
// without our secrets and without e-mail addresses.
func FuzzReason(f *testing.F) {
	const secret = "s3cr3t-key"
	for _, body := range []string{
		`{"reason":"Daily limit exceeded"}`, `{"message":"Invalid key ` + secret + `, write to ops@example.com"}`, `{"detail":"a\r\nb\u202e\u0000"}`, `{"reason":7,"title":"x"}`,
		`{"error":{"message":"x"}}`, `{"error":"` + strings.Repeat("\u00fc", 200) + `"}`, `{"reason":"\ud800"}`, "", "[]", "null", `{"reason":" "}`, "\xff", `{"reason":"s3cr3ts3cr3t-key-key"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := reason(Response{Status: 400, Body: body}, []string{secret})
		if strings.Contains(got, secret) || emailAddress.MatchString(got) {
			t.Errorf("the reason of %q is %q", body, got)
		}
		odd := func(c rune) bool { return !unicode.IsPrint(c) }
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxReason+1 || strings.ContainsFunc(got, odd) {
			t.Errorf("the reason of %q is %q, want one short line", body, got)
		}
	})
}

// FuzzDecodeJSON reads arbitrary bodies. Its errors quote nothing but the names of
// fields that we asked for.
func FuzzDecodeJSON(f *testing.F) {
	for _, body := range []string{
		`{"a":1,"b":["x"]}`, `{"a":"1"}`, `{"a":1,"a":2}`, `{"A":1}`, " \n{", "[", "", "\xff", `{"b":` + strings.Repeat("[", 20_000) + `}`, `{"x":` + strings.Repeat(`{"x":`, 9_000) + `1`,
		`{"a":1e400}`, `{"a":` + strings.Repeat("9", 10_000) + `}`, `{"b":["\ud800"]}`, `{"a":null}`, "\ufeff{}",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var into struct {
			A float64  `json:"a"`
			B []string `json:"b"`
		}
		err := DecodeJSON(body, '{', &into)
		if err == nil {
			if _, err := json.Marshal(into); err != nil {
				t.Errorf("%q is read as %+v, which has no JSON form", body, into)
			}
			return
		}
		if text := err.Error(); len(text) > 120 || strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
			t.Errorf("the error of %q is %q", body, text)
		}
	})
}
