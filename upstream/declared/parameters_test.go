package declared_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"tributary/upstream/declared"
)

var places = map[string]string{
	"any.json": `{}`,
	"endpoints.yaml": `
version: 1
upstreams: {things: {}}
sources:
  path:  {get: "things /a/{x}/b/pre-{y}?fixed=1", answer: any.json}
  query: {get: "things /q?x={x}&both={x}-{y}", answer: any.json}
endpoints:
  /v1/path:
    scope: none
    parameters: {x: {type: string, required: true}, y: {type: string, required: true}}
    parts: {path: {ask: {x: x, y: y}}}
    data: path
  /v1/query:
    scope: none
    parameters: {x: {type: string, required: true}, y: {type: string, required: true}}
    parts: {query: {ask: {x: x, y: y}}}
    data: query
`}

func TestAParameterStaysInItsPlace(t *testing.T) {
	for _, c := range []struct{ name, value, path, query string }{
		{"a word", "w", "w", "w"},
		{"a slash", "a/b", "a%2Fb", "a%2Fb"},
		{"an escaped slash", "%2F", "%252F", "%252F"},
		{"an escaped dot", "%2e%2e", "%252e%252e", "%252e%252e"},
		{"a way up", "../..", "..%2F..", "..%2F.."},
		{"three dots", "...", "...", "..."},
		{"a query", "a?b=c&d", "a%3Fb=c&d", "a%3Fb%3Dc%26d"},
		{"a fragment", "a#b", "a%23b", "a%23b"},
		{"braces", "{y}", "%7By%7D", "%7By%7D"},
		{"a space and a plus", "a +", "a%20+", "a+%2B"},
		{"a semicolon", "a;b", "a%3Bb", "a%3Bb"},
		{"letters", "é日", "%C3%A9%E6%97%A5", "%C3%A9%E6%97%A5"},
		{"a host", "//evil.test", "%2F%2Fevil.test", "%2F%2Fevil.test"},
		{"a backslash", `\..`, "%5C..", "%5C.."},
	} {
		it(t, c.name, func(t *testing.T) {
			w := open(t, places, map[string]behaviour{"things": answers(200, "{}")})
			w.get("/v1/path", "x="+c.value, "y="+c.value)
			w.get("/v1/query", "x="+c.value, "y="+c.value)
			w.wantAsked("things", "/a/"+c.path+"/b/pre-"+c.path+"?fixed=1", "/q?x="+c.query+"&both="+c.query+"-"+c.query)
		})
	}
}

func TestAParameterIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	for _, value := range []string{"a\x00b", "a\nb", "\x7f", "\u0085", "\xff", strings.Repeat("x", 1001)} {
		it(t, value, func(t *testing.T) {
			w := open(t, places, map[string]behaviour{"things": answers(200, "{}")})
			if r := w.get("/v1/query", "x="+value, "y=1"); r.err == nil || strings.Contains(r.err.Error(), value) {
				t.Errorf("error = %v, want one that does not quote the value", r.err)
			}
			w.wantAsked("things")
		})
	}
}

// FuzzParameters checks that an upstream reads back exactly the values that were given,
// in their places, and that other values are another question.
func FuzzParameters(f *testing.F) {
	for _, s := range []string{"", "a", ".", "..", "/", "%2F", "?", "#", "&", "=", "{x}", "+", " ", "1:a", "a\x00", "é", "\xff", "12:"} {
		f.Add(s, "b", "a", s)
	}
	f.Fuzz(func(t *testing.T, x, y, otherX, otherY string) {
		w := open(t, places, map[string]behaviour{"things": answers(200, "{}")})
		ask := func(path, x, y string) (sent []string, ok bool) {
			before := len(w.asked("things"))
			r := w.get(path, "x="+x, "y="+y)
			return w.asked("things")[before:], r.err == nil
		}
		for _, path := range []string{"/v1/path", "/v1/query"} {
			first, ok := ask(path, x, y)
			if ok && len(first) != 1 {
				t.Fatalf("%q, %q was asked for %d times, want once", x, y, len(first))
			}
			second, ok := ask(path, otherX, otherY)
			if same := x == otherX && y == otherY; ok && same != (len(second) == 0) {
				t.Fatalf("%q, %q after %q, %q: %d requests", otherX, otherY, x, y, len(second))
			}
			for _, sent := range first {
				checkPlaces(t, sent, [2]string{x, y})
			}
			for _, sent := range second {
				checkPlaces(t, sent, [2]string{otherX, otherY})
			}
		}
	})
}

func checkPlaces(t *testing.T, sent string, pair [2]string) {
	t.Helper()
	u, err := url.ParseRequestURI(sent)
	if err != nil {
		t.Fatalf("%q was sent for %q: %v", sent, pair, err)
	}
	if u.Path == "/q" {
		if q := u.Query(); len(q) != 2 || q.Get("x") != pair[0] || q.Get("both") != pair[0]+"-"+pair[1] {
			t.Fatalf("%q was sent for %q", sent, pair)
		}
		return
	}
	segments := strings.Split(u.EscapedPath(), "/")
	if len(segments) != 5 || segments[1] != "a" || segments[3] != "b" || u.RawQuery != "fixed=1" {
		t.Fatalf("%q was sent for %q", sent, pair)
	}
	first, err1 := url.PathUnescape(segments[2])
	last, err2 := url.PathUnescape(segments[4])
	if err1 != nil || err2 != nil || first != pair[0] || last != "pre-"+pair[1] {
		t.Fatalf("%q was sent for %q", sent, pair)
	}
}

func TestQueriesOfDifferentCallersShareNothing(t *testing.T) {
	files := map[string]string{
		"any.json": `{}`,
		"endpoints.yaml": `
version: 1
upstreams: {mine: {credentials: caller}}
sources: {me: {get: mine /me, answer: any.json}}
endpoints: {/v1/me: {scope: none, parts: {me: {ask: {}}}, data: me}}
`}
	it(t, "as their tokens differ", func(t *testing.T) {
		w := open(t, files, map[string]behaviour{"mine": answers(200, "{}")})
		ask := func(hash string) {
			q := declared.Query{Parameters: []json.RawMessage{}, Caller: &declared.Caller{Token: hash, Hash: hash}}
			if _, _, err := w.table.Answer(context.Background(), w.endpoint("/v1/me"), q); err != nil {
				t.Error(err)
			}
		}
		ask("ada")
		ask("bob")
		ask("ada")
		w.wantAsked("mine", "/me", "/me")
	})
}

func TestACallerIsNotPrinted(t *testing.T) {
	c := declared.Caller{Token: "hush.hush.hush", Hash: "0f"}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", c, c, c, c), fmt.Sprintf("%v %+v %#v", &c, &c, &c), string(asJSON)} {
		if strings.Contains(text, "hush") {
			t.Errorf("%s has the token", text)
		}
	}
}
