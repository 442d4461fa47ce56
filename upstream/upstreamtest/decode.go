package upstreamtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

// Respond returns a response with status 200 and no headers.
func Respond(body string, at time.Time) upstream.Response {
	return upstream.Response{Status: http.StatusOK, Header: http.Header{}, Body: []byte(body), At: at}
}

// Testdata returns the content of a file in the package's testdata.
func Testdata(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// AsJSON returns the JSON of a value.
func AsJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// WantError wants a plain error, which a source reports as invalid_response, that
// contains the text and is one line.
func WantError(t testing.TB, err error, text string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", text)
	}
	if typed, ok := errors.AsType[*upstream.Error](err); ok {
		t.Fatalf("error = %v, with code %s; want a plain one", err, typed.Code)
	}
	if !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error = %q, want %q in it", err, text)
	}
}

// RefusesGarbage gives a decoder bodies that no provider sends, the bodies of more, and
// every prefix of a good one; it must refuse them all.
func RefusesGarbage[A any](t testing.TB, decode func(upstream.Response) (A, error), good upstream.Response, more ...string) {
	t.Helper()
	refused := func(body string) error {
		r := good
		r.Body = []byte(body)
		_, err := decode(r)
		return err
	}
	whole := strings.TrimSpace(string(good.Body))
	page := "<!DOCTYPE html><html><body>Bad gateway</body></html>"
	for _, body := range append(more, "", " \n", page, "null", `"ok"`, `{"main":{"temp":NaN}}`, whole+whole, "["+whole+"]") {
		if err := refused(body); err == nil {
			t.Errorf("decoded %q", body)
		} else if strings.Contains(err.Error(), "<") {
			t.Errorf("the error quotes the page: %v", err)
		}
	}
	for n := range len(whole) {
		if refused(whole[:n]) == nil {
			t.Fatalf("decoded the first %d bytes of %d", n, len(whole))
		}
	}
}

// KeepsNoBody decodes an answer, overwrites its body, as the next answer does, and wants
// the decoded value to stay the same.
func KeepsNoBody[A any](t testing.TB, decode func(upstream.Response) (A, error), r upstream.Response) {
	t.Helper()
	r.Body = bytes.Clone(r.Body)
	value, err := decode(r)
	if err != nil {
		t.Fatal(err)
	}
	before := AsJSON(t, value)
	for i := range r.Body {
		r.Body[i] = '#'
	}
	if after := AsJSON(t, value); after != before {
		t.Errorf("keeps a part of the body: it was %s, and is %s", before, after)
	}
}

var variable = regexp.MustCompile(`\{[^}]*\}`)

// Requested returns the path and query of a spec's request, which must match its route.
func Requested[Q, A any](t testing.TB, spec upstream.Spec[Q, A], q Q) string {
	t.Helper()
	r, err := spec.Request(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if r.Method != http.MethodGet || r.URL.Host != "" {
		t.Errorf("request = %s %s, want GET and no host", r.Method, r.URL)
	}
	if matches, err := path.Match(variable.ReplaceAllString(spec.Route, "*"), r.URL.Path); err != nil || !matches {
		t.Errorf("path = %s, route = %s", r.URL.Path, spec.Route)
	}
	return r.URL.String()
}
