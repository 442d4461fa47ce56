// Package contracttest checks the answers in tests strictly against openapi.yaml.
package contracttest

import (
	"bytes"
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

// Contract checks answers against openapi.yaml. A status, header or member that is
// not documented is a mistake, and so is a missing required one. It is safe for
// concurrent use.
type Contract struct {
	Document libopenapi.Document
	Model    *v3.Document

	mu    sync.Mutex // the validator renders a schema in place when it is first used
	whole validator.Validator
	heads validator.Validator // for HEAD: without the body
}

// The returns the contract of this module, built on first use.
var The = sync.OnceValue(func() *Contract {
	c, err := New(tributary.OpenAPI)
	if err != nil {
		panic(err)
	}
	return c
})

// New returns the contract that a document describes.
func New(openAPI []byte) (*Contract, error) {
	document, err := libopenapi.NewDocument(openAPI)
	if err != nil {
		return nil, err
	}
	model, err := document.BuildV3Model()
	if err != nil {
		return nil, err
	}
	options := []config.Option{
		config.WithFormatAssertions(),
		config.WithStrictMode(),
		config.WithStrictIgnoredHeaders("Connection", "Content-Length", "Content-Type", "Date"), // always allowed
	}
	return &Contract{
		Document: document,
		Model:    &model.Model,
		whole:    validator.NewValidatorFromV3Model(&model.Model, options...),
		heads:    validator.NewValidatorFromV3Model(&model.Model, append(options, config.WithoutResponseBodyValidation())...),
	}, nil
}

// Check fails the test if an answer does not match openapi.yaml.
func Check(t testing.TB, request *http.Request, response *http.Response, body []byte) {
	t.Helper()
	for _, mistake := range The().Mistakes(request, response, body) {
		t.Errorf("%s %s: the answer breaks openapi.yaml: %s\n%d %s", request.Method, request.URL, mistake, response.StatusCode, body)
	}
}

// Mistakes lists how an answer differs from openapi.yaml.
func (c *Contract) Mistakes(request *http.Request, response *http.Response, body []byte) []string {
	// HEAD is described by GET. Answers to methods that a path does not have are
	// described there too.
	asked := request.Clone(request.Context())
	if asked.URL.Path == "/docs/" || asked.URL.Path == "/problems/" { // which are the same without the slash
		asked.URL.Path = strings.TrimSuffix(asked.URL.Path, "/")
	}
	if asked.Method == http.MethodOptions && response.StatusCode == http.StatusNoContent {
		return c.mistakenOptions(asked.URL.Path, response.Header)
	}
	if item := c.Item(asked.URL.Path); item == nil || item.GetOperations().GetOrZero(strings.ToLower(asked.Method)) == nil || asked.Method == "get" {
		asked.Method = http.MethodGet // the lower-case method "get" has no handler
	}
	if !c.Has(asked.URL.Path) {
		asked.URL.Path, asked.URL.RawPath = "/problems/none", "" // the 404 of unknown paths is described here
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
		return []string{"there is no body"} // the validator accepts a missing body
	}
	c.mu.Lock()
	_, found := check.ValidateHttpResponse(asked, &got)
	c.mu.Unlock()
	return append(Describe(found), impossible(body)...)
}

// mistakenOptions checks what openapi.yaml only says in prose: OPTIONS lists the
// methods of the path in Allow. A preflight lists them in its own header.
func (c *Contract) mistakenOptions(path string, h http.Header) []string {
	item, listed := c.Item(path), h.Get("Allow")
	if item == nil || listed == "" && h.Get("Access-Control-Allow-Methods") == "" {
		return []string{"OPTIONS has no Allow, or the path is not in it"}
	}
	for method := range item.GetOperations().FromOldest() {
		if listed != "" && !slices.Contains(strings.Split(listed, ", "), strings.ToUpper(method)) {
			return []string{"Allow lacks " + method}
		}
	}
	return nil
}

// withoutCommons removes headers that openapi.yaml describes once, in prose, for all
// answers: CORS, compression, deprecation and, except on a 429, rate limits.
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

// Has reports whether a path is documented.
func (c *Contract) Has(path string) bool { return c.Item(path) != nil }

// Item returns the description of a path, or nil. Templates without variables come
// first.
func (c *Contract) Item(path string) (found *v3.PathItem) {
	for template, item := range c.Model.Paths.PathItems.FromOldest() {
		if template == path {
			return item
		}
		if found == nil && Fits(path, template) {
			found = item
		}
	}
	return found
}

// Fits reports whether a path has the segments of a template.
func Fits(path, template string) bool {
	segments, variables := strings.Split(path, "/"), strings.Split(template, "/")
	return slices.EqualFunc(segments, variables, func(segment, variable string) bool {
		return segment == variable || strings.HasPrefix(variable, "{") && segment != ""
	})
}

// Describe formats the validator's errors.
func Describe(found []*errors.ValidationError) (mistakes []string) {
	for _, e := range found {
		text := e.Message + ": " + e.Reason
		for _, s := range e.SchemaValidationErrors {
			text += fmt.Sprintf("; %s at %s", s.Reason, s.FieldPath)
		}
		mistakes = append(mistakes, text)
	}
	return mistakes
}
