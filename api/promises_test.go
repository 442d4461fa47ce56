package api_test

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"tributary/api/contracttest"
)

// promises are the declarations of an OpenAPI document, and whether a test has shown
// each of them. checkContract proves that the gateway does nothing undocumented; this
// proves the other direction.
//
// For each operation, tests must show every status with every header and media type,
// and in successful requests every parameter, media type of the body and kind of
// credentials. For each schema, in any operation, they must show every property, every
// enum value, both values of a boolean, and null where it is allowed.
// values of a boolean, and null where it may be.
type promises struct {
	model *v3.Document

	mu     sync.Mutex
	seen   map[string]bool // by description
	noting bool            // collect declarations, shown or not
}

func newPromises(openAPI []byte) *promises {
	document, err := libopenapi.NewDocument(openAPI)
	if err != nil {
		panic(err)
	}
	model, err := document.BuildV3Model()
	if err != nil {
		panic(err)
	}
	p := &promises{model: &model.Model, seen: map[string]bool{}, noting: true}
	nothing := &exchange{request: &http.Request{URL: &url.URL{}}}
	for _, item := range p.model.Paths.PathItems.FromOldest() {
		for _, operation := range item.GetOperations().FromOldest() {
			p.operation(item, operation, nothing)
		}
	}
	p.noting = false
	return p
}

// broken returns the promises that no test has shown.
func (p *promises) broken() (lines []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for line, seen := range p.seen {
		if !seen {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// keep marks what an exchange shows.
func (p *promises) keep(e *exchange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	item := p.model.Paths.PathItems.GetOrZero(p.template(e.request.URL.Path))
	if item == nil {
		return // a 404 of an undocumented path
	}
	methods := item.GetOperations()
	operation := methods.GetOrZero(strings.ToLower(e.request.Method))
	if operation == nil { // HEAD, or an undocumented method
		operation = methods.GetOrZero("get")
	}
	p.operation(item, operation, e)
}

// template returns the documented path for a request, or "". Templates without variables
// come first.
func (p *promises) template(path string) (found string) {
	for template := range p.model.Paths.PathItems.FromOldest() {
		if template == path {
			return template
		}
		if found == "" && contracttest.Fits(path, template) {
			found = template
		}
	}
	return found
}

// operation visits the declarations of an operation.
func (p *promises) operation(item *v3.PathItem, o *v3.Operation, e *exchange) {
	id := o.OperationId + ": "
	for _, parameter := range slices.Concat(item.Parameters, o.Parameters) {
		var given []any
		if e.succeeded() {
			given = e.parameter(parameter)
		}
		name := id + parameter.Name + " in " + parameter.In
		p.see(name, len(given) > 0)
		p.schema(name, parameter.Schema, given)
	}
	security := o.Security
	if security == nil {
		security = p.model.Security
	}
	for _, requirement := range security {
		p.credentials(id, requirement, e)
	}
	if o.RequestBody != nil {
		for mediaType, media := range o.RequestBody.Content.FromOldest() {
			p.body(id+"a body as "+mediaType, media, e.succeeded() && isA(e.request.Header, mediaType), e.sent)
		}
	}
	for code, response := range o.Responses.Codes.FromOldest() {
		if p.noting || code == strconv.Itoa(e.status) {
			p.response(id+code, response, e)
		}
	}
}

// credentials is one documented kind of credentials.
func (p *promises) credentials(id string, requirement *base.SecurityRequirement, e *exchange) {
	authorization, h := e.request.Header.Get("Authorization"), e.request.Header
	if requirement.ContainsEmptyRequirement {
		p.see(id+"no credentials", e.succeeded() && authorization == "" && h.Get("X-API-Key") == "")
	}
	for name := range requirement.Requirements.FromOldest() {
		shown := strings.HasPrefix(authorization, "Bearer ")
		if scheme := p.model.Components.SecuritySchemes.GetOrZero(name); scheme.Type == "apiKey" {
			shown = h.Get(scheme.Name) != ""
		}
		p.see(id+name+" as credentials", e.succeeded() && shown)
	}
}

func (p *promises) response(name string, r *v3.Response, e *exchange) {
	p.see(name, !p.noting)
	for header, declared := range r.Headers.FromOldest() {
		sent := e.header[http.CanonicalHeaderKey(header)]
		if header == "Vary" { // Origin is described in prose for all answers
			sent = slices.DeleteFunc(slices.Clone(sent), func(v string) bool { return v == "Origin" })
		}
		p.see(name+" with "+header, len(sent) > 0)
		p.schema(header, declared.Schema, values(sent))
	}
	for mediaType, media := range r.Content.FromOldest() {
		p.body(name+" as "+mediaType, media, len(e.received) > 0 && isA(e.header, mediaType), e.received)
	}
}

// body visits a media type, if there is a body.
func (p *promises) body(name string, media *v3.MediaType, there bool, body []byte) {
	p.see(name, there)
	var parsed any
	if there && json.Unmarshal(body, &parsed) == nil {
		p.schema(name, media.Schema, []any{parsed})
	} else {
		p.schema(name, media.Schema, nil)
	}
}

// schema visits a schema and the value in its place.
func (p *promises) schema(name string, proxy *base.SchemaProxy, there []any) {
	if len(there) == 0 && !p.noting {
		return
	}
	if proxy.IsReference() {
		name = path.Base(proxy.GetReference()) // the same name wherever it is used
	}
	s := proxy.Schema()
	for _, word := range s.Enum {
		p.see(name+" = "+word.Value, slices.ContainsFunc(there, func(v any) bool { return fmt.Sprint(v) == word.Value }))
	}
	if slices.Contains(s.Type, "boolean") && s.Const == nil {
		p.see(name+" = true", slices.Contains(there, any(true)))
		p.see(name+" = false", slices.Contains(there, any(false)))
	}
	if slices.Contains(s.Type, "null") {
		p.see(name+" = null", slices.Contains(there, nil))
	}
	for _, part := range slices.Concat(s.AllOf, s.OneOf, s.AnyOf) {
		p.schema(name, part, there)
	}
	for property, declared := range s.Properties.FromOldest() {
		var members []any
		for _, v := range there {
			object, _ := v.(map[string]any)
			if member, ok := object[property]; ok {
				members = append(members, member)
			}
		}
		p.see(name+"."+property, len(members) > 0)
		p.schema(name+"."+property, declared, members)
	}
	if s.Items != nil && s.Items.IsA() {
		var elements []any
		for _, v := range there {
			list, _ := v.([]any)
			elements = append(elements, list...)
		}
		p.schema(name, s.Items.A, elements)
	}
}

func (p *promises) see(what string, there bool) { p.seen[what] = p.seen[what] || there }

// parameter returns the values that a request gives for a parameter.
func (e *exchange) parameter(p *v3.Parameter) []any {
	switch p.In {
	case "query":
		return values(e.request.URL.Query()[p.Name])
	case "header":
		return values(e.request.Header.Values(p.Name))
	}
	return values(strings.Split(e.request.URL.Path, "/")) // one of the segments
}

// isA reports whether a body is declared with a media type.
func isA(h http.Header, mediaType string) bool {
	said, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (said == mediaType || mediaType == "*/*")
}

func values(texts []string) (values []any) {
	for _, text := range texts {
		values = append(values, text)
	}
	return values
}

// TestPromises checks promises itself: a declaration that it overlooks could remain
// untested.
func TestPromises(t *testing.T) {
	const document = `
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
security: [{}, {key: []}, {token: []}]
paths:
  /things/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getThing
      parameters: [{name: units, in: query, schema: {type: string, enum: [metric, imperial]}}, {$ref: '#/components/parameters/Trace'}]
      responses: {'200': {$ref: '#/components/responses/Thing'}, '404': {description: None., content: {text/plain: {schema: {type: string}}}}}
    put:
      operationId: putThing
      security: []
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/New'}}}}
      responses: {'204': {description: Done.}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-API-Key}, token: {type: http, scheme: bearer}}
  parameters: {Trace: {name: trace, in: header, schema: {type: string}}}
  responses:
    Thing:
      description: It.
      headers: {ETag: {schema: {type: string}}, Colour: {schema: {type: string, enum: [red, blue]}}}
      content: {application/json: {schema: {allOf: [{$ref: '#/components/schemas/Thing'}, {required: [name]}]}}}
  schemas:
    Thing: {type: object, properties: {name: {type: string}, parts: {type: array, items: {$ref: '#/components/schemas/Part'}}, state: {$ref: '#/components/schemas/State'}}}
    Part: {type: object, properties: {new: {type: boolean}, used: {type: boolean, const: false}, size: {type: object, properties: {width: {type: number}}}}}
    State: {type: string, enum: [live, stale]}
    New: {type: object, properties: {name: {type: [string, 'null']}, state: {oneOf: [{$ref: '#/components/schemas/State'}, {type: 'null'}]}}}
`
	all := []string{
		"Colour = blue", "Colour = red", "New.name", "New.name = null", "New.state", "New.state = null", "Part.new", "Part.new = false", "Part.new = true",
		"Part.size", "Part.size.width", "Part.used", "State = live", "State = stale", "Thing.name", "Thing.parts", "Thing.state",
		"getThing: 200", "getThing: 200 as application/json", "getThing: 200 with Colour", "getThing: 200 with ETag", "getThing: 404", "getThing: 404 as text/plain",
		"getThing: id in path", "getThing: key as credentials", "getThing: no credentials", "getThing: token as credentials", "getThing: trace in header",
		"getThing: units in query", "getThing: units in query = imperial", "getThing: units in query = metric",
		"putThing: 204", "putThing: a body as application/json", "putThing: id in path",
	}
	if got := newPromises([]byte(document)).broken(); !slices.Equal(got, all) {
		t.Errorf("before any exchange it says\n%q, want\n%q", got, all)
	}
	type h = http.Header
	for _, c := range []struct {
		name, method, url string
		asked             http.Header
		sent              string
		status            int
		answered          http.Header
		received          string
		keeps             []string
	}{
		{"a small answer", "GET", "/things/1", nil, "", 200, h{"Content-Type": {"application/json"}}, `{}`,
			[]string{"getThing: 200", "getThing: 200 as application/json", "getThing: id in path", "getThing: no credentials"}},
		{"a great one", "GET", "/things/1?units=metric", h{"Trace": {"x"}, "X-Api-Key": {"k"}}, "", 200,
			h{"Content-Type": {"application/json; charset=utf-8"}, "Etag": {"x"}, "Colour": {"red", "blue"}},
			`{"name":"a","parts":[{},{"new":true,"size":{}},{"new":false,"used":false,"size":{"width":1}}],"state":"stale"}`,
			[]string{"Colour = blue", "Colour = red", "Part.new", "Part.new = false", "Part.new = true", "Part.size", "Part.size.width", "Part.used", "State = stale",
				"Thing.name", "Thing.parts", "Thing.state", "getThing: 200", "getThing: 200 as application/json", "getThing: 200 with Colour", "getThing: 200 with ETag",
				"getThing: id in path", "getThing: key as credentials", "getThing: trace in header", "getThing: units in query", "getThing: units in query = metric"}},
		{"an answer without a body", "HEAD", "/things/1", h{"Authorization": {"Bearer t"}}, "", 200, h{"Content-Type": {"application/json"}, "Etag": {"x"}}, "",
			[]string{"getThing: 200", "getThing: 200 with ETag", "getThing: id in path", "getThing: token as credentials"}},
		{"a request that failed", "GET", "/things/1?units=metric", h{"X-Api-Key": {"k"}}, "", 404, h{"Content-Type": {"text/plain"}}, `{"name":"a"}`,
			[]string{"getThing: 404", "getThing: 404 as text/plain"}},
		{"a status that is not described", "GET", "/things/1", nil, "", 500, h{"Content-Type": {"application/json"}}, `{"name":"a"}`, nil},
		{"a path that is not described", "GET", "/things/1/parts", nil, "", 200, h{"Content-Type": {"application/json"}}, `{"name":"a"}`, nil},
		{"a body", "PUT", "/things/1", h{"Content-Type": {"application/json"}}, `{"name":null,"state":"live"}`, 204, nil, "",
			[]string{"New.name", "New.name = null", "New.state", "State = live", "putThing: 204", "putThing: a body as application/json", "putThing: id in path"}},
		{"a body of another type", "PUT", "/things/1", h{"Content-Type": {"text/plain"}}, `{"name":null}`, 204, nil, "", []string{"putThing: 204", "putThing: id in path"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequest(c.method, "http://gateway.test"+c.url, strings.NewReader(c.sent))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = c.asked
			p := newPromises([]byte(document))
			p.keep(newExchange(t, r, &http.Response{StatusCode: c.status, Header: c.answered}, []byte(c.received)))
			broken := p.broken()
			kept := slices.DeleteFunc(slices.Clone(all), func(line string) bool { return slices.Contains(broken, line) })
			if !slices.Equal(kept, c.keeps) {
				t.Errorf("it keeps\n%q, want\n%q", kept, c.keeps)
			}
		})
	}
}
