package e2e_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	validation "github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"tributary/api/contracttest"
)

// operation is one of the document's, with what it takes from its path and
// from the document as a whole.
type operation struct {
	*v3.Operation

	method     string
	path       string // a template
	parameters []parameter
	body       map[string]*member // by media type; nil if it takes none
	media      []string           // in the order of the document
	scope      string
	secured    bool // credentials are looked at
}

type parameter struct {
	*v3.Parameter

	*member      // of a list: that of each value
	list    bool // it may be given many times
}

// member is a schema, with those of its members if it is an object.
type member struct {
	*base.Schema

	members map[string]*member
	valid   func(any) error
}

func (o *operation) declares(status int) bool {
	return o.Responses.Codes.GetOrZero(strconv.Itoa(status)) != nil
}

// in are the parameters in the path, the query or the headers.
func (o *operation) in(place string) (found []parameter) {
	for _, p := range o.parameters {
		if p.In == place {
			found = append(found, p)
		}
	}
	return found
}

// takes reports whether it has a header parameter.
func (o *operation) takes(header string) bool {
	return slices.ContainsFunc(o.in("header"), func(p parameter) bool { return p.Name == header })
}

// offers are the media types of its good answers.
func (o *operation) offers() (mediaTypes []string) {
	for status, response := range o.Responses.Codes.FromOldest() {
		if status[0] == '2' {
			mediaTypes = slices.AppendSeq(mediaTypes, response.Content.KeysFromOldest())
		}
	}
	return mediaTypes
}

// document is openapi.yaml as a source of requests and as their judge.
type document struct {
	*contracttest.Contract

	operations []*operation
}

func readDocument() (*document, error) {
	d := &document{Contract: contracttest.The()}
	for path, item := range d.Model.Paths.PathItems.FromOldest() {
		if strings.HasSuffix(path, "/stream") {
			continue // its answers do not end; the tests of package api read them
		}
		for method, op := range item.GetOperations().FromOldest() {
			o := &operation{Operation: op, method: strings.ToUpper(method), path: path}
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				one, list := p.Schema, p.Schema.Schema().Type[0] == "array"
				if list {
					one = p.Schema.Schema().Items.A
				}
				m, err := newMember(one)
				if err != nil {
					return nil, fmt.Errorf("%s: %s: %w", op.OperationId, p.Name, err)
				}
				o.parameters = append(o.parameters, parameter{p, m, list})
			}
			if op.RequestBody != nil {
				o.body = map[string]*member{}
				for mediaType, content := range op.RequestBody.Content.FromOldest() {
					m, err := newMember(content.Schema)
					if err != nil {
						return nil, fmt.Errorf("%s: %w", op.OperationId, err)
					}
					o.media, o.body[mediaType] = append(o.media, mediaType), m
				}
			}
			o.secure(d.Model.Security)
			d.operations = append(d.operations, o)
		}
	}
	return d, nil
}

func newMember(proxy *base.SchemaProxy) (*member, error) {
	m := &member{Schema: proxy.Schema(), members: map[string]*member{}}
	c, err := schema_validation.CompileSchemaForValidation(m.Schema, schema_validation.SchemaValidationPurposeRequestBody, validation.NewValidationOptions(validation.WithFormatAssertions()), 3.1)
	if err != nil {
		return nil, err
	}
	m.valid = c.CompiledSchema.Validate
	return m, m.addMembers(m.Schema)
}

// one is the schema of what is not null.
func (m *member) one() *base.Schema {
	if len(m.OneOf) > 0 {
		return m.OneOf[0].Schema()
	}
	return m.Schema
}

// addMembers are the members that an object may have, whichever of several
// schemas has them.
func (m *member) addMembers(s *base.Schema) error {
	for name, p := range s.Properties.FromOldest() {
		inner, err := newMember(p)
		if err != nil {
			return err
		}
		m.members[name] = inner
	}
	for _, alternative := range slices.Concat(s.OneOf, s.AllOf) {
		if err := m.addMembers(alternative.Schema()); err != nil {
			return err
		}
	}
	return nil
}

// secure reads which scope it needs, if any.
func (o *operation) secure(byDefault []*base.SecurityRequirement) {
	requirements := o.Security
	if requirements == nil {
		requirements = byDefault
	}
	o.secured = len(requirements) > 0
	for _, r := range requirements {
		for _, scopes := range r.Requirements.FromOldest() {
			if len(scopes) > 0 {
				o.scope = scopes[0]
			}
		}
	}
}
