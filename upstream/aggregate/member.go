package aggregate

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
)

// Get returns a GET request with a relative URL, as upstream.Spec needs it.
func Get(ctx context.Context, pathAndQuery string) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodGet, pathAndQuery, nil)
}

// Number is a member of an answer that should be a JSON number. Anything else
// there, "n/a", {} or 1e400, makes it unknown, and the other members are still
// used. Text is never read as a number, not even "24.1": a provider that changes
// the type may have changed the meaning.
type Number struct {
	Value float64
	Known bool
	Kind  jsontext.Kind // of the member's JSON value; 0: the member is absent
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (n *Number) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*n = Number{Kind: d.PeekKind()}
	v, err := d.ReadValue()
	if err != nil || n.Kind != jsontext.KindNumber {
		return err
	}
	n.Value, err = strconv.ParseFloat(string(v), 64)
	n.Known = err == nil
	return nil
}

// Pointer is nil for an unknown number.
func (n Number) Pointer() *float64 {
	if !n.Known {
		return nil
	}
	return new(n.Value)
}

// Given reports whether the member holds anything but null, a number or not.
func (n Number) Given() bool { return n.Kind != jsontext.KindInvalid && n.Kind != jsontext.KindNull }

// Text is a member that should be a JSON string; anything else is "".
type Text string

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (t *Text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*t = ""
	if d.PeekKind() != jsontext.KindString {
		return d.SkipValue()
	}
	token, err := d.ReadToken()
	if err == nil {
		*t = Text(token.String())
	}
	return err
}

// Object is a member that should be a JSON object in the form of T; of anything
// else only the kind is kept.
type Object[T any] struct {
	Value T
	Kind  jsontext.Kind // of the member's JSON value; 0: the member is absent
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (o *Object[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*o = Object[T]{Kind: d.PeekKind()}
	if o.Kind != jsontext.KindBeginObject {
		return d.SkipValue()
	}
	return json.UnmarshalDecode(d, &o.Value)
}

// Unusable is the error for a required member with a value of this kind. null means that
// the provider has no value now.
func Unusable(field string, kind jsontext.Kind) error {
	if kind == jsontext.KindNull {
		return upstream.Errorf(upstream.CodeNoData, "no value now: %s is null", field)
	}
	return OtherShape(field, kind)
}

// OtherShape is the error for a member with a value of the wrong kind.
func OtherShape(field string, kind jsontext.Kind) error {
	if kind == jsontext.KindInvalid {
		return fmt.Errorf("%s: missing", field)
	}
	return fmt.Errorf("%s: a JSON %s that cannot be read", field, upstream.KindName(kind))
}
