package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/telemetry/story"
	"tributary/upstream/aggregate"
)

const (
	askFor       = time.Minute // also the longest time of a stream, which does not end by itself
	maxAskBody   = 2 << 20
	maxAskAnswer = 4 << 20
)

// passedOn are the headers that the page may send to the API.
var passedOn = []string{
	"Accept", "Accept-Language", "Authorization", "Cache-Control", "Content-Type", "Idempotency-Key", "If-Match",
	"If-None-Match", "X-Api-Key",
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// question is a request that the page sends to the API.
type question struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"` // with its query
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// askedJSON is the API's answer, and how it came about.
type askedJSON struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	TookMS  float64           `json:"took_ms"`
	Story   *story.View       `json:"story,omitempty"`

	Own []aggregate.OwnReport `json:"own,omitempty"` // what each source of a merge says itself
}

// ask is POST /console/ask. The request goes through the whole public API: credentials,
// limits and time-outs are those of any caller at the operator's address.
func (c *Console) ask(w http.ResponseWriter, r *http.Request) {
	var q question
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAskBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil {
		badRequest("the body must be a JSON object with method, path, headers and body").write(w)
		return
	}
	if _, err := decoder.Token(); err != io.EOF {
		badRequest("the body must be one JSON object").write(w)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), askFor) // r's context has the route of this request
	defer cancel()
	defer context.AfterFunc(r.Context(), cancel)()
	own := new(aggregate.Own)
	request, err := q.request(aggregate.WithOwn(ctx, own))
	if err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	request.Host, request.RemoteAddr = r.Host, r.RemoteAddr
	answer := &answer{header: make(http.Header)}
	start := time.Now()
	if !serve(c.API, answer, request) {
		problem{Status: http.StatusBadGateway, Title: "No answer", Detail: "the API closed the connection instead of answering"}.write(w)
		return
	}
	took := time.Since(start)
	writeJSON(w, askedJSON{
		Status: answer.status, Headers: flat(answer.header), Body: answer.text(),
		TookMS: story.Milliseconds(took), Story: c.storyOf(answer.header), Own: own.Reports(),
	})
}

// request is the question as an HTTP request.
func (q *question) request(ctx context.Context) (*http.Request, error) {
	if !slices.Contains(methods, q.Method) {
		return nil, fmt.Errorf("method must be one of %s", strings.Join(methods, ", "))
	}
	u, err := url.ParseRequestURI(q.Path)
	if err != nil || u.Host != "" || !strings.HasPrefix(q.Path, "/v1/") {
		return nil, fmt.Errorf("path must begin with /v1/")
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, u.String(), strings.NewReader(q.Body))
	if err != nil {
		return nil, fmt.Errorf("path is not a path")
	}
	r.RequestURI = q.Path
	for name, value := range q.Headers {
		name = http.CanonicalHeaderKey(name)
		if !slices.Contains(passedOn, name) {
			return nil, fmt.Errorf("the header %q is not passed on; these are: %s", name, strings.Join(passedOn, ", "))
		}
		if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			return nil, fmt.Errorf("the header %q has a control character", name)
		}
		r.Header.Set(name, strings.TrimSpace(value))
	}
	return r, nil
}

// serve lets the API answer; false if it aborts, as it does to close a connection.
func serve(api http.Handler, w http.ResponseWriter, r *http.Request) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			ok = false
		}
	}()
	api.ServeHTTP(w, r)
	return true
}

// answer takes the answer of the API.
type answer struct {
	header http.Header
	status int
	body   []byte
	cut    bool // the rest was dropped
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	room := maxAskAnswer - len(a.body)
	a.cut = a.cut || len(b) > room
	a.body = append(a.body, b[:min(len(b), room)]...)
	return len(b), nil
}

func (a *answer) text() string {
	a.WriteHeader(http.StatusOK)
	text := strings.ToValidUTF8(string(a.body), "\uFFFD")
	if a.cut {
		text += "\n… the rest is not shown"
	}
	return text
}

func flat(h http.Header) map[string]string {
	m := make(map[string]string, len(h))
	for name, values := range h {
		m[name] = strings.Join(values, ", ")
	}
	return m
}

// traceInTiming is the trace of an answer, in its Server-Timing.
var traceInTiming = regexp.MustCompile(`trace;desc="00-([0-9a-f]{32})-`)

// storyOf is the story of an answer, nil if there is none: only answers about data have one.
func (c *Console) storyOf(h http.Header) *story.View {
	m := traceInTiming.FindStringSubmatch(h.Get("Server-Timing"))
	if m == nil {
		return nil
	}
	id, err := trace.TraceIDFromHex(m[1])
	if err != nil {
		return nil
	}
	s := c.Stories.Story(id)
	if s == nil {
		return nil
	}
	return new(s.View())
}
