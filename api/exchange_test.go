package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"tributary"
)

// exchange is a request with its answer.
type exchange struct {
	request  *http.Request // without its body
	sent     []byte        // the body, nil if it is not available any more
	status   int
	header   http.Header
	received []byte
}

func newExchange(t testing.TB, request *http.Request, response *http.Response, body []byte) *exchange {
	t.Helper()
	e := &exchange{request: request.Clone(context.Background()), status: response.StatusCode, header: response.Header, received: body}
	e.request.Body = nil
	if request.GetBody == nil {
		return e
	}
	again, err := request.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	if e.sent, err = io.ReadAll(again); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *exchange) succeeded() bool { return e.status >= 200 && e.status < 400 }

// run is what all tests together have seen.
type run struct {
	*promises

	mu        sync.Mutex
	exchanges map[string]*exchange // one of each kind
}

var theRun = sync.OnceValue(func() *run {
	return &run{promises: newPromises(tributary.OpenAPI), exchanges: map[string]*exchange{}}
})

func (r *run) add(e *exchange) {
	r.keep(e)
	kind := r.kind(e)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exchanges[kind] = e
}

// kind is equal for exchanges that differ only in their values.
func (r *run) kind(e *exchange) string {
	var sent, received any
	_ = json.Unmarshal(e.sent, &sent) // a body that is not JSON has no form
	_ = json.Unmarshal(e.received, &received)
	return fmt.Sprint(r.template(e.request.URL.Path), e.request.Method, slices.Sorted(maps.Keys(e.request.URL.Query())),
		slices.Sorted(maps.Keys(e.request.Header)), form(sent), e.status, slices.Sorted(maps.Keys(e.header)), form(received))
}

// form returns a JSON value with its values replaced by their types.
func form(v any) string {
	var parts []string
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			parts = append(parts, name+":"+form(member))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		for _, element := range v {
			parts = append(parts, form(element))
		}
		slices.Sort(parts)
		return "[" + strings.Join(slices.Compact(parts), ",") + "]"
	}
	return fmt.Sprintf("%T", v)
}
