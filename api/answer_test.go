package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tributary/upstream/weather"
)

// answer is a complete answer of the gateway.
type answer struct {
	*http.Response
	t    testing.TB
	call string
	body []byte
}

// envelope is the body of an aggregate.
type envelope[D any] struct {
	Data D `json:"data"`
	Meta struct {
		Status  string   `json:"status"`
		Sources []source `json:"sources"`
		TraceID string   `json:"trace_id"`
	} `json:"meta"`
}

// source is an entry of meta.sources or of a problem's sources.
type source struct {
	Name        string `json:"name"`
	State       string `json:"state"`
	AgeSeconds  *int64 `json:"age_seconds"`
	LatencyMS   int64  `json:"latency_ms"`
	Attempts    int    `json:"attempts"`
	Used        *bool  `json:"used"`
	Error       *struct{ Code, Detail string }
	Attribution string `json:"attribution"`

	Sources []source `json:"sources"`
}

// problem is the body of an error.
type problem struct {
	Type      string                                        `json:"type"`
	Title     string                                        `json:"title"`
	Status    int                                           `json:"status"`
	Detail    string                                        `json:"detail"`
	Instance  string                                        `json:"instance"`
	Code      string                                        `json:"code"`
	TraceID   string                                        `json:"trace_id"`
	Errors    []struct{ Parameter, Pointer, Detail string } `json:"errors"`
	Outcome   string                                        `json:"outcome"`
	RetrySafe *bool                                         `json:"retry_safe"`
	Sources   []source                                      `json:"sources"`
}

func decode[T any](a *answer) T {
	a.t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v in %q", a.call, err, a.body)
	}
	return v
}

// weather decodes an answer that must be a 200.
func (a *answer) weather() envelope[weather.Current] {
	a.t.Helper()
	a.wantStatus(http.StatusOK)
	return decode[envelope[weather.Current]](a)
}

func (a *answer) places() envelope[[]weather.Place] {
	a.t.Helper()
	a.wantStatus(http.StatusOK)
	return decode[envelope[[]weather.Place]](a)
}

// problem decodes an answer that must have this status and code, and checks the members
// that all problems have.
func (a *answer) problem(status int, code string) problem {
	a.t.Helper()
	a.wantStatus(status)
	a.wantHeader("Content-Type", "application/problem+json")
	p := decode[problem](a)
	if p.Code != code || p.Status != status || p.Type != "/problems/"+strings.ReplaceAll(code, "_", "-") {
		a.t.Errorf("%s: problem %q of type %q with status %d, want %q with %d", a.call, p.Code, p.Type, p.Status, code, status)
	}
	want := a.Request.URL.EscapedPath()
	if strings.HasPrefix(want, "//") {
		want = "/." + want
	}
	if p.Title == "" || p.Detail == "" || p.Instance != want {
		a.t.Errorf("%s: problem has title %q, detail %q, instance %q, want something, something, %q", a.call, p.Title, p.Detail, p.Instance, want)
	}
	return p
}

func (a *answer) wantStatus(want int) {
	a.t.Helper()
	if a.StatusCode != want {
		a.t.Fatalf("%s: status = %d, want %d; body %s", a.call, a.StatusCode, want, a.body)
	}
}

// wantHeader wants exactly one header of this name; "" wants none.
func (a *answer) wantHeader(name, want string) {
	a.t.Helper()
	if got := strings.Join(a.values(name), " | "); got != want {
		a.t.Errorf("%s: %s = %q, want %q", a.call, name, got, want)
	}
}

// values returns a header without the Accept-Encoding that every Vary has.
func (a *answer) values(name string) []string {
	a.t.Helper()
	values := a.Header.Values(name)
	if name != "Vary" {
		return values
	}
	if !slices.Contains(values, "Accept-Encoding") {
		a.t.Errorf("%s: Vary = %q, want Accept-Encoding in it", a.call, values)
	}
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "Accept-Encoding" })
}

// wantState wants a source in this state, with an error of this code, or none for "".
func (a *answer) wantState(name, state, code string) source {
	a.t.Helper()
	both := decode[struct {
		Meta    struct{ Sources []source }
		Sources []source
	}](a)
	for _, s := range append(both.Meta.Sources, both.Sources...) {
		if s.Name != name {
			continue
		}
		got := ""
		if s.Error != nil {
			got = s.Error.Code
		}
		if s.State != state || got != code {
			a.t.Errorf("%s: %s is %s %q, want %s %q", a.call, name, s.State, got, state, code)
		}
		return s
	}
	a.t.Errorf("%s: %s is not among the sources of %s", a.call, name, a.body)
	return source{}
}

var maxAge = regexp.MustCompile(`max-age=(\d+)`)

// maxAge returns the max-age of Cache-Control.
func (a *answer) maxAge() int {
	a.t.Helper()
	m := maxAge.FindStringSubmatch(a.Header.Get("Cache-Control"))
	if m == nil {
		a.t.Fatalf("%s: no max-age in %q", a.call, a.Header.Get("Cache-Control"))
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		a.t.Fatal(err)
	}
	return n
}
