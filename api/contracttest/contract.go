// Package contracttest is the judge of answers in tests: it holds them against
// openapi.yaml, strictly.
package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"tributary"
)

// Contract holds answers against openapi.yaml. It is strict: a status, a header
// or a member that the document does not name is a mistake, like one that it
// demands and that is not there. It is safe for concurrent use.
type Contract struct {
	Document libopenapi.Document
	Model    *v3.Document

	whole validator.Validator
	heads validator.Validator // without the body
}

// The is the contract of this very module, built when it is first wanted.
var The = sync.OnceValue(func() *Contract {
	document, err := libopenapi.NewDocument(tributary.OpenAPI)
	if err != nil {
		panic(err)
	}
	model, err := document.BuildV3Model()
	if err != nil {
		panic(err)
	}
	options := []config.Option{
		config.WithFormatAssertions(),
		config.WithStrictMode(),
		config.WithStrictIgnoredHeaders("Connection", "Content-Length", "Content-Type", "Date"), // HTTP's own
	}
	return &Contract{
		Document: document,
		Model:    &model.Model,
		whole:    validator.NewValidatorFromV3Model(&model.Model, options...),
		heads:    validator.NewValidatorFromV3Model(&model.Model, append(options, config.WithoutResponseBodyValidation())...),
	}
})

// Check fails the test if an answer is not what openapi.yaml says.
func Check(t testing.TB, request *http.Request, response *http.Response, body []byte) {
	t.Helper()
	for _, mistake := range The().Mistakes(request, response, body) {
		t.Errorf("%s %s: the answer breaks openapi.yaml: %s\n%d %s", request.Method, request.URL, mistake, response.StatusCode, body)
	}
}

// Mistakes are what is wrong with an answer to a request, by the document.
func (c *Contract) Mistakes(request *http.Request, response *http.Response, body []byte) []string {
	// HEAD is a GET without the body, and what is said to methods that a path
	// does not have stands there too.
	asked := request.Clone(request.Context())
	if asked.Method == http.MethodOptions && response.StatusCode == http.StatusNoContent {
		return c.mistakenOptions(asked.URL.Path, response.Header)
	}
	if item := c.Item(asked.URL.Path); item == nil || item.GetOperations().GetOrZero(strings.ToLower(asked.Method)) == nil || asked.Method == "get" {
		asked.Method = http.MethodGet // "get" is a method of its own, and none that anybody has
	}
	if !c.Has(asked.URL.Path) {
		asked.URL.Path, asked.URL.RawPath = "/problems/none", "" // where the 404 of any path is described
		if response.StatusCode == http.StatusOK {
			return []string{"the path is not in it"}
		}
	}
	got := *response
	got.Header = withoutCommons(response)
	got.Body = io.NopCloser(bytes.NewReader(body))
	check := c.whole
	if request.Method == http.MethodHead {
		check = c.heads
		if len(body) > 0 {
			return []string{"a HEAD has a body"}
		}
	}
	if len(body) == 0 && request.Method != http.MethodHead && response.StatusCode != http.StatusNotModified && response.StatusCode != http.StatusNoContent {
		return []string{"there is no body"} // which the validator takes for a good one
	}
	_, found := check.ValidateHttpResponse(asked, &got)
	return append(Told(found), impossible(body)...)
}

// mistakenOptions checks what the document says in words: OPTIONS tells the
// methods of the path. A preflight tells them in its own way.
func (c *Contract) mistakenOptions(path string, h http.Header) []string {
	item, told := c.Item(path), h.Get("Allow")
	if item == nil || told == "" && h.Get("Access-Control-Allow-Methods") == "" {
		return []string{"OPTIONS has no Allow, or the path is not in it"}
	}
	for method := range item.GetOperations().FromOldest() {
		if told != "" && !slices.Contains(strings.Split(told, ", "), strings.ToUpper(method)) {
			return []string{"Allow lacks " + method}
		}
	}
	return nil
}

// withoutCommons leaves out what the document says of many answers, once and in
// words: CORS, compression, the end of a version and, where one was not refused
// by it, the limit of a client.
func withoutCommons(r *http.Response) http.Header {
	h := r.Header.Clone()
	if r.StatusCode != http.StatusTooManyRequests {
		h.Del("RateLimit")
		h.Del("RateLimit-Policy")
	}
	for _, name := range []string{"Content-Encoding", "Deprecation", "Sunset"} {
		h.Del(name)
	}
	if links := slices.DeleteFunc(h["Link"], func(v string) bool { return strings.HasSuffix(v, `; rel="successor-version"`) }); len(links) == 0 {
		h.Del("Link")
	} else {
		h["Link"] = links
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") || name == "Timing-Allow-Origin" {
			h.Del(name)
		}
	}
	common := func(v string) bool { return v == "Origin" || v == "Accept-Encoding" }
	if vary := slices.DeleteFunc(h["Vary"], common); len(vary) > 0 {
		h["Vary"] = vary
	} else {
		h.Del("Vary")
	}
	return h
}

// Has reports whether a path is described.
func (c *Contract) Has(path string) bool { return c.Item(path) != nil }

// Item describes a path, nil if nothing does.
func (c *Contract) Item(path string) *v3.PathItem {
	for template, item := range c.Model.Paths.PathItems.FromOldest() {
		fixed, _, variable := strings.Cut(template, "{")
		segment, begins := strings.CutPrefix(path, fixed)
		if path == template || variable && begins && segment != "" && !strings.Contains(segment, "/") {
			return item
		}
	}
	return nil
}

// Told is what the validator found, in words.
func Told(found []*errors.ValidationError) (mistakes []string) {
	for _, e := range found {
		text := e.Message + ": " + e.Reason
		for _, s := range e.SchemaValidationErrors {
			text += fmt.Sprintf("; %s at %s", s.Reason, s.FieldPath)
		}
		mistakes = append(mistakes, text)
	}
	return mistakes
}

// source is what an answer says of one source.
type source struct {
	Name       string `json:"name"`
	State      string `json:"state"`
	AgeSeconds *int64 `json:"age_seconds"`
	Attempts   int64  `json:"attempts"`
	Error      *struct {
		Code string `json:"code"`
	} `json:"error"`
	Sources []source `json:"sources"`
}

// impossible finds what a schema can hardly say of sources: an age belongs to
// what has a value, an error to what has none or an old one, or to a value with
// something left out.
func impossible(body []byte) (mistakes []string) {
	var a struct {
		Meta    struct{ Sources []source }
		Sources []source
	}
	_ = json.Unmarshal(body, &a) // what is no JSON has been found already
	sources := slices.Concat(a.Meta.Sources, a.Sources)
	for _, s := range slices.Clone(sources) {
		sources = append(sources, s.Sources...)
	}
	for _, s := range sources {
		if useful := s.State != "failed" && s.State != "skipped"; useful != (s.AgeSeconds != nil) {
			mistakes = append(mistakes, fmt.Sprintf("%s is %s, age_seconds given: %t", s.Name, s.State, !useful))
		}
		if s.State == "skipped" && s.Attempts == 0 && s.Error == nil && slices.Contains([]string{"github", "weather", "air_quality"}, s.Name) {
			continue // a part that there was nothing to ask for
		}
		if s.Error != nil && s.Error.Code == "invalid_response" && s.State != "skipped" {
			continue // with a current value: something was left out
		}
		if excused := slices.Contains([]string{"failed", "skipped", "stale"}, s.State); excused != (s.Error != nil) {
			mistakes = append(mistakes, fmt.Sprintf("%s is %s, error given: %t", s.Name, s.State, !excused))
		}
	}
	return mistakes
}
