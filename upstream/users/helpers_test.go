package users

import (
	"net/http"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

// now is the time at which answers are decoded.
var now = time.Date(2026, 11, 24, 6, 20, 0, 0, time.UTC)

var (
	testdata  = upstreamtest.Testdata
	asJSON    = upstreamtest.AsJSON
	wantError = upstreamtest.WantError
)

// respond returns an answer with headers given as name, value, name, value…
func respond(status int, body string, header ...string) upstream.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return upstream.Response{Status: status, Header: h, Body: []byte(body), At: now}
}

func record(t testing.TB, body string) *Record {
	t.Helper()
	r, err := readRecord([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
