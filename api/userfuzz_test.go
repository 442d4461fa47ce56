package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// ask serves a request without a connection and checks the answer against openapi.yaml.
func (g *gateway) ask(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	var sent bytes.Buffer
	r.Body = io.NopCloser(io.TeeReader(r.Body, &sent))
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(&sent), nil }
	checkContract(t, r, w.Result(), w.Body.Bytes())
	return w
}

func silent(s *setup) { s.Logger = slog.New(slog.DiscardHandler) }

// FuzzUserListParameters sends arbitrary queries. The status is 200 if and only if the
// query is valid.
func FuzzUserListParameters(f *testing.F) {
	for _, query := range []string{
		"", "page=2&per_page=1", "page=0", "per_page=101", "q=Leanne", "q=%FF", "q=+", "page=1&page=1", "include=github", "page=%2B1", "page=007",
		"page=2147483648", "per_page=1e1", "q=" + strings.Repeat("%C3%BC", 101), "q=%E2%80%A8%3E;rel", "page=1;per_page=1", "%zz", "&&=&q=a&x=%20",
	} {
		f.Add(query)
	}
	g := populated(f, silent)
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/v1/users", nil)
		r.URL.RawQuery = raw
		w := g.ask(t, r)
		want := http.StatusBadRequest
		if keepsTheRulesOfLists(raw) {
			want = http.StatusOK
		}
		if w.Code != want {
			t.Errorf("%q: status = %d, want %d; body %s", raw, w.Code, want, w.Body)
		}
		if link := w.Header().Get("Link"); strings.ContainsFunc(link, func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Errorf("%q: Link = %q has characters that no header may have", raw, link)
		}
	})
}

func keepsTheRulesOfLists(raw string) bool {
	q, err := url.ParseQuery(raw)
	if err != nil || q.Has("include") || len(q["page"]) > 1 || len(q["per_page"]) > 1 || len(q["q"]) > 1 {
		return false
	}
	return (!q.Has("page") || isNumber(q.Get("page"), 1<<31-1)) && (!q.Has("per_page") || isNumber(q.Get("per_page"), 100)) && (!q.Has("q") || isName(q.Get("q")))
}

// isNumber checks the number digit by digit.
func isNumber(s string, most uint64) bool {
	n := uint64(0)
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > most {
			return false
		}
		n = n*10 + uint64(c-'0')
	}
	return n >= 1 && n <= most
}

// FuzzUser requests an arbitrary id with an arbitrary include.
func FuzzUser(f *testing.F) {
	for _, c := range [][2]string{
		{"1", ""}, {"2", "github,activity,weather"}, {"0", "github"}, {"-1", ","}, {"+1", "Github"}, {"007", "weather,weather"}, {"9007199254740991", "activity"},
		{"9007199254740992", ""}, {"abc", "friends"}, {"1 ", " github"}, {"%31", "github%2Cweather"}, {"..", "\xff"}, {"1?", "x"},
	} {
		f.Add(c[0], c[1])
	}
	g := populated(f, silent)
	f.Fuzz(func(t *testing.T, id, include string) {
		if id == "" || strings.Contains(id, "/") {
			t.Skip("another path")
		}
		r := httptest.NewRequest(http.MethodGet, "/v1/users/1", nil)
		r.URL = &url.URL{Path: "/v1/users/" + id, RawPath: "/v1/users/" + url.PathEscape(id), RawQuery: url.Values{"include": {include}}.Encode()}
		known := include == "" || !slices.ContainsFunc(strings.Split(include, ","), func(word string) bool {
			return word != "github" && word != "activity" && word != "weather"
		})
		want := http.StatusBadRequest
		if known && isNumber(id, 1<<53-1) {
			want = http.StatusNotFound
			if n, _ := strconv.ParseUint(id, 10, 64); n <= 3 {
				want = http.StatusOK
			}
		}
		if w := g.ask(t, r); w.Code != want {
			t.Errorf("%q with %q: status = %d, want %d; body %s", id, include, w.Code, want, w.Body)
		}
	})
}

// FuzzWriteBodies sends arbitrary bodies. An accepted body is JSON and is read back as
// written; a rejected one gets a pointer to an existing place in the body.
func FuzzWriteBodies(f *testing.F) {
	for _, body := range []string{
		whole, `{}`, `{"name":"a"}`, `{"name":null}`, `{"name":"a","name":"b"}`, `{"phone":null,"address":{"city":"Bern"}}`, `{"name":"a","address":{"latitude":1e0,"longitude":-0.0}}`,
		`{"name":"a","address":{}}`, `{"name":"a","address":null,"company":{"name":null}}`, `{"id":1}`, `{"a~/b":1}`, `[`, `null`, "", "\xff", `{"name":"\ud800"}`, `{"name":"` + "\u202e" + `"}`,
		`{"name":"a","website":"http://[::1]"}`, `{"name":"a","email":"a@b.c"}`, `{"name":"` + strings.Repeat("ü", 201) + `"}`,
	} {
		f.Add([]byte(body))
	}
	g := populated(f, silent)
	send := func(t *testing.T, method string, body []byte) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequest(method, one, bytes.NewReader(body))
		r.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {"writer-key"}}
		return g.ask(t, r)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		put := send(t, "PUT", body)
		isJSON := utf8.Valid(body) && json.Valid(body)
		isObject := isJSON && bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
		switch put.Code {
		case http.StatusBadRequest:
		case http.StatusUnprocessableEntity:
			p := decode[problem](&answer{t: t, body: put.Body.Bytes()})
			for _, mistake := range p.Errors {
				if mistake.Detail != "is required" && !strings.Contains(mistake.Detail, "other coordinate") && !pointsAt(body, mistake.Pointer) {
					t.Errorf("%q: the pointer %q leads nowhere", body, mistake.Pointer)
				}
			}
		case http.StatusOK:
			read := g.ask(t, httptest.NewRequest(http.MethodGet, one, nil))
			written := decode[envelope[json.RawMessage]](&answer{t: t, body: put.Body.Bytes()}).Data
			if got := decode[envelope[json.RawMessage]](&answer{t: t, body: read.Body.Bytes()}).Data; !bytes.Equal(got, written) {
				t.Errorf("%q: %s reads %s", body, written, got)
			}
			patch := send(t, "PATCH", body) // changes nothing
			if got := decode[envelope[json.RawMessage]](&answer{t: t, body: patch.Body.Bytes()}).Data; patch.Code != http.StatusOK || !bytes.Equal(got, written) {
				t.Errorf("%q: %s is patched to %d %s", body, written, patch.Code, got)
			}
		default:
			t.Errorf("%q: status = %d; body %s", body, put.Code, put.Body)
		}
		if !isJSON && put.Code != http.StatusBadRequest {
			t.Errorf("%q: status = %d, want 400 for what is no JSON", body, put.Code)
		}
		if isJSON && !isObject && put.Code != http.StatusUnprocessableEntity {
			t.Errorf("%q: status = %d, want 422 for what is no object", body, put.Code)
		}
	})
}

// pointsAt resolves an RFC 6901 pointer.
func pointsAt(body []byte, pointer string) bool {
	var at any
	if pointer == "" || json.Unmarshal(body, &at) != nil {
		return pointer == ""
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		object, _ := at.(map[string]any)
		next, ok := object[strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)]
		if !ok {
			return false
		}
		at = next
	}
	return true
}
