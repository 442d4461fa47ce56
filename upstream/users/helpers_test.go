package users

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

// now is the time at which answers are decoded.
var now = time.Date(2026, 11, 24, 6, 20, 0, 0, time.UTC)

// respond returns an answer with headers given as name, value, name, value…
func respond(status int, body string, header ...string) upstream.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return upstream.Response{Status: status, Header: h, Body: []byte(body), At: now}
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wantError wants a plain error, which a source reports as invalid_response, that
// contains the text.
func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", text)
	}
	if typed, ok := errors.AsType[*upstream.Error](err); ok {
		t.Fatalf("error = %v, with code %s; want a plain one", err, typed.Code)
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("error = %q, want %q in it", err, text)
	}
}

// refusesGarbage gives a decoder bodies that no provider sends, and every prefix of a
// good one; it must refuse them all.
func refusesGarbage[A any](t *testing.T, decode func(upstream.Response) (A, error), good string) {
	t.Helper()
	for name, body := range map[string]string{
		"nothing":     "",
		"white space": " \n",
		"a page":      "<!DOCTYPE html><html><body>Bad gateway</body></html>",
		"null":        "null",
		"a text":      `"ok"`,
		"two answers": good + good,
		"nested":      "[" + good + "]",
	} {
		_, err := decode(respond(200, body))
		if err == nil {
			t.Errorf("%s: decoded", name)
		} else if strings.Contains(err.Error(), "<") {
			t.Errorf("%s: error quotes the page: %v", name, err)
		}
	}
	good = strings.TrimSpace(good)
	for n := range len(good) {
		if _, err := decode(respond(200, good[:n])); err == nil {
			t.Fatalf("decoded the first %d bytes of %d", n, len(good))
		}
	}
}

// requested returns the path and query of a spec's request.
func requested[Q, A any](t *testing.T, spec upstream.Spec[Q, A], q Q) string {
	t.Helper()
	r, err := spec.Request(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if r.Method != http.MethodGet || r.URL.Host != "" {
		t.Errorf("request = %s %s, want GET and no host", r.Method, r.URL)
	}
	return r.URL.String()
}

func record(t testing.TB, body string) *Record {
	t.Helper()
	r, err := readRecord([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
