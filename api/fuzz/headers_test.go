package fuzz_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// asks returns a GET with header lines: a name, a value, a name, a value…
func asks(target string, lines ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(lines); i += 2 {
		r.Header[lines[i]] = append(r.Header[lines[i]], lines[i+1]) // as net/http does: other letters are not changed
	}
	return r
}

// FuzzAccept sends arbitrary Accept headers. Two lines mean the same as one list of both
// (RFC 9110 §5.3), and the only answers are JSON and 406.
func FuzzAccept(f *testing.F) {
	for _, v := range [][2]string{
		{"application/json", "*/*"}, {"text/html", "application/*;q=0.1"}, {"application/json;q=0", "*/*"}, {"*/*;q=0", ""}, {"a/b;q=x", ",,;=,"},
		{"application/json; charset=utf-8", "APPLICATION/JSON"}, {`application/json;a="b,c";q=0`, "\xff"}, {"*/json", "application/json;q=NaN"}, {"text/event-stream", ";"},
	} {
		f.Add(v[0], v[1])
	}
	gateway := newGateway(f)
	f.Fuzz(func(t *testing.T, a, b string) {
		two := ask(t, gateway, asks("/v1/users/1", "Accept", a, "Accept", b))
		one := ask(t, gateway, asks("/v1/users/1", "Accept", a+","+b))
		if one.Code != two.Code || one.Code != http.StatusOK && one.Code != http.StatusNotAcceptable {
			one.errorf("Accept %q and %q: %d as one line, %d as two; want 200 or 406", a, b, one.Code, two.Code)
		}
	})
}

// tags is a list of entity tags, or "*".
var tags = regexp.MustCompile(`^[ \t]*(\*|,?[ \t]*((W/)?"[^"]*"[ \t]*,?[ \t]*)+)[ \t]*$`)

// FuzzConditional sends arbitrary If-None-Match and If-Match. A well-formed list matches
// if and only if it has the tag.
func FuzzConditional(f *testing.F) {
	for _, v := range []string{"", "*", " * ", `"a"`, `W/"a", "b"`, `"a`, `w/"a"`, `,"a",,"b"`, `"a" "b"`, `"a,b"`, "TAG", `"x", TAG`, `TAG,`, `"TAG"`, "*, TAG", "\"\xff\""} {
		f.Add(v)
	}
	gateway := newGateway(f)
	tag := ask(f, gateway, asks("/v1/users/1")).Header().Get("Etag")
	opaque := strings.TrimPrefix(tag, "W/")
	f.Fuzz(func(t *testing.T, list string) {
		list = strings.ReplaceAll(list, "TAG", tag)
		r := asks("/v1/users/1", "If-None-Match", list)
		w := httptest.NewRecorder()
		gateway.ServeHTTP(w, r)
		matches := strings.Contains(list, opaque) || strings.TrimSpace(list) == "*"
		switch {
		case w.Code != http.StatusOK && w.Code != http.StatusNotModified:
			t.Errorf("If-None-Match: %q: status %d", list, w.Code)
		case w.Code == http.StatusNotModified && (!matches || w.Body.Len() > 0):
			t.Errorf("If-None-Match: %q: 304 without the tag %s, or with a body", list, tag)
		case w.Code == http.StatusOK && tags.MatchString(list) && inList(list, opaque):
			t.Errorf("If-None-Match: %q: 200 although the list has %s", list, tag)
		}
		write := httptest.NewRequest(http.MethodPatch, "/v1/users/1", strings.NewReader("{}"))
		write.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {writerKey}, "If-Match": {list}}
		a := ask(t, gateway, write)
		if a.Code != http.StatusOK && a.Code != http.StatusPreconditionFailed || a.Code == http.StatusOK && !matches {
			a.errorf("If-Match: %q", list)
		}
	})
}

// inList splits a well-formed list of entity tags.
func inList(list, opaque string) bool {
	if strings.TrimSpace(list) == "*" {
		return true
	}
	return slices.Contains(regexp.MustCompile(`"[^"]*"`).FindAllString(list, -1), opaque)
}

// traceparent is version 00 of the header (W3C Trace Context Level 2 §3.2). It has two flags;
// the other bits must be zero.
var traceparent = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-0[0-3]$`)

// FuzzTraceparent sends arbitrary trace contexts. A valid one is joined; any other gives a
// new trace.
func FuzzTraceparent(f *testing.F) {
	const id, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for _, v := range [][2]string{
		{"00-" + id + "-" + span + "-01", "a=b"}, {"00-" + id + "-" + span + "-00", "a=\xff,,=,b"}, {"ff-" + id + "-" + span + "-01", ""}, {"cc-" + id + "-" + span + "-01-x", ""},
		{"00-" + strings.Repeat("0", 32) + "-" + span + "-01", ""}, {"00-" + id + "-" + strings.Repeat("0", 16) + "-01", ""}, {"00-" + strings.ToUpper(id) + "-" + span + "-01", ""},
		{"", "x"}, {"00-" + id + "-" + span + "-40", ""}, {"00-" + id + "-" + span, strings.Repeat("a=b,", 40)}, {" 00-" + id + "-" + span + "-01", ""},
	} {
		f.Add(v[0], v[1])
	}
	gateway := newGateway(f)
	f.Fuzz(func(t *testing.T, parent, state string) {
		a := ask(t, gateway, asks("/v1/users/x", "Traceparent", parent, "Tracestate", state, "Baggage", state))
		a.want(http.StatusBadRequest)
		got := a.problem().TraceID
		m := traceparent.FindStringSubmatch(parent)
		valid := m != nil && strings.Trim(m[1], "0") != "" && strings.Trim(m[2], "0") != ""
		if strings.Trim(got, "0123456789abcdef") != "" || strings.Trim(got, "0") == "" || valid && got != m[1] {
			a.errorf("Traceparent: %q gives the trace %q", parent, got)
		}
	})
}

// FuzzIdempotencyKey sends a write twice with an arbitrary key. A valid key gives one
// write and the same answer twice.
func FuzzIdempotencyKey(f *testing.F) {
	for _, v := range []string{`"8e03978e-40d5-43dd-bc93-6894a57f9324"`, "token", `""`, `"`, `"a"b"`, `"a\"b"`, " a ", "a b", "\x00", "ü", "\xff", strings.Repeat("a", 255), strings.Repeat("a", 256), `"a";p=1`, "a\nb"} {
		f.Add(v)
	}
	gateway := newGateway(f)
	f.Fuzz(func(t *testing.T, key string) {
		post := func() *answer {
			r := httptest.NewRequest(http.MethodPost, "/v1/users", strings.NewReader(`{"name":"Ada"}`))
			r.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {writerKey}, "Idempotency-Key": {key}}
			return ask(t, gateway, r)
		}
		first := post()
		if first.Code == http.StatusServiceUnavailable {
			t.Skip("the caller has used up its share of keys")
		}
		if !isKey(key) {
			first.want(http.StatusBadRequest)
			return
		}
		first.want(http.StatusCreated)
		again := post()
		again.want(http.StatusCreated)
		if again.Header().Get("Idempotent-Replayed") != "true" || again.Body.String() != first.Body.String() {
			again.errorf("Idempotency-Key: %q: the second answer is not the first, %s", key, first.Body)
		}
	})
}

// isKey reports whether a header is one string of 1 to 255 visible characters and spaces,
// with or without quotes.
func isKey(header string) bool {
	header = strings.TrimSpace(header)
	if strings.HasPrefix(header, `"`) {
		var text string
		if json.Unmarshal([]byte(header), &text) != nil || strings.ContainsRune(header, '\\') {
			return false
		}
		header = text
	}
	return regexp.MustCompile(`^[ !#-\[\]-~]{1,255}$`).MatchString(header)
}
