package fuzz_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// answer is the answer to a request. Members that openapi.yaml does not have, and
// members that stand twice, are mistakes.
type answer struct {
	*httptest.ResponseRecorder
	t       testing.TB
	request *http.Request
}

// ask serves a request and checks what holds for every answer.
func ask(t testing.TB, gateway http.Handler, r *http.Request) *answer {
	t.Helper()
	a := &answer{httptest.NewRecorder(), t, r}
	gateway.ServeHTTP(a, r)
	for name, values := range a.Header() {
		for _, v := range values {
			if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c > '~' }) {
				a.errorf("%s = %q has characters that no header may have", name, v)
			}
		}
	}
	for _, name := range []string{"Cache-Control", "X-Request-Id", "Server-Timing"} {
		if a.Header().Get(name) == "" {
			a.errorf("there is no %s", name)
		}
	}
	if a.Code >= http.StatusBadRequest {
		a.checkProblem()
	} else {
		a.data()
	}
	return a
}

func (a *answer) errorf(format string, args ...any) {
	a.t.Helper()
	a.t.Errorf("%s %s: "+format+"; status %d, body %s", slices.Concat([]any{a.request.Method, a.request.URL}, args, []any{a.Code, a.Body})...)
}

// want wants a status.
func (a *answer) want(status int) {
	a.t.Helper()
	if a.Code != status {
		a.errorf("status = %d, want %d", a.Code, status)
	}
}

// decode reads a body strictly.
func decode[T any](a *answer, mediaType string, body []byte) (v T) {
	a.t.Helper()
	if got := a.Header().Get("Content-Type"); got != mediaType {
		a.errorf("Content-Type = %q, want %q", got, mediaType)
	}
	if err := json.Unmarshal(body, &v, json.RejectUnknownMembers(true)); err != nil {
		a.errorf("%v", err)
	}
	return v
}

// data returns the data of an aggregate, and checks its meta.
func (a *answer) data() jsontext.Value {
	a.t.Helper()
	body := decode[struct {
		Data jsontext.Value `json:"data"`
		Meta struct {
			Status  string   `json:"status"`
			Sources []source `json:"sources"`
			TraceID string   `json:"trace_id"`
		} `json:"meta"`
	}](a, "application/json", a.Body.Bytes())
	if !slices.Contains([]string{"complete", "degraded"}, body.Meta.Status) || len(body.Meta.Sources) == 0 || len(body.Meta.TraceID) != 32 || body.Data == nil {
		a.errorf("data or meta lacks something")
	}
	for _, s := range body.Meta.Sources {
		s.check(a)
	}
	return body.Data
}

// source is an entry of meta.sources.
type source struct {
	Name        string `json:"name"`
	State       string `json:"state"`
	AgeSeconds  *int64 `json:"age_seconds"`
	LatencyMS   *int64 `json:"latency_ms"`
	Attempts    *int64 `json:"attempts"`
	Used        *bool  `json:"used"`
	Attribution string `json:"attribution"`
	Error       *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"error"`
	Sources []source `json:"sources"`
}

func (s source) check(a *answer) {
	a.t.Helper()
	useful := slices.Contains([]string{"live", "cached", "revalidating", "stale"}, s.State)
	if s.Name == "" || !useful && s.State != "failed" && s.State != "skipped" || s.LatencyMS == nil || s.Attempts == nil || useful != (s.AgeSeconds != nil) {
		a.errorf("the source %q lacks something, or is in no state", s.Name)
	}
	for _, part := range s.Sources {
		part.check(a)
	}
}

// problem is the body of an error.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Instance  string `json:"instance"`
	Code      string `json:"code"`
	TraceID   string `json:"trace_id"`
	Outcome   string `json:"outcome"`
	RetrySafe *bool  `json:"retry_safe"`
	Errors    []struct {
		Parameter string  `json:"parameter"`
		Pointer   *string `json:"pointer"`
		Detail    string  `json:"detail"`
	} `json:"errors"`
	Sources []source `json:"sources"`
}

func (a *answer) problem() problem {
	a.t.Helper()
	return decode[problem](a, "application/problem+json", a.Body.Bytes())
}

func (a *answer) checkProblem() {
	a.t.Helper()
	p := a.problem()
	if p.Status != a.Code || p.Type != "/problems/"+strings.ReplaceAll(p.Code, "_", "-") || p.Instance != a.request.URL.EscapedPath() {
		a.errorf("the problem has status %d, type %q and instance %q", p.Status, p.Type, p.Instance)
	}
	if p.Code == "" || p.Title == "" || p.Detail == "" || len(p.TraceID) != 32 || p.Code == "invalid_parameters" && len(p.Errors) == 0 {
		a.errorf("the problem lacks something")
	}
	for _, mistake := range p.Errors {
		if mistake.Detail == "" || mistake.Parameter != "" && mistake.Pointer != nil {
			a.errorf("a mistake is of a parameter and of a pointer, or lacks a detail")
		}
	}
}
