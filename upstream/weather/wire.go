package weather

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
)

// Helpers for the requests and answers of all providers.

func get(ctx context.Context, pathAndQuery string) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodGet, pathAndQuery, nil)
}

// number decodes a JSON number. Any other value, such as "n/a", {} or 1e400, is
// unknown and does not fail the whole answer. A string is never read as a number,
// not even "24.1": a provider that changes the type may have changed the meaning.
type number struct {
	value float64
	known bool
	kind  jsontext.Kind // kind of the JSON value; 0: absent
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (n *number) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*n = number{kind: d.PeekKind()}
	v, err := d.ReadValue()
	if err != nil || n.kind != jsontext.KindNumber {
		return err
	}
	n.value, err = strconv.ParseFloat(string(v), 64)
	n.known = err == nil
	return nil
}

// pointer returns nil for an unknown number.
func (n number) pointer() *float64 {
	if !n.known {
		return nil
	}
	return new(n.value)
}

// present reports whether the member has a value other than null, readable or not.
func (n number) present() bool { return n.kind != jsontext.KindInvalid && n.kind != jsontext.KindNull }

// text decodes a JSON string; any other value is "".
type text string

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (t *text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*t = ""
	if d.PeekKind() != jsontext.KindString {
		return d.SkipValue()
	}
	token, err := d.ReadToken()
	if err == nil {
		*t = text(token.String())
	}
	return err
}

// object decodes a JSON object as T; of any other value it keeps only the kind.
type object[T any] struct {
	value T
	kind  jsontext.Kind // kind of the JSON value; 0: absent
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (o *object[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*o = object[T]{kind: d.PeekKind()}
	if o.kind != jsontext.KindBeginObject {
		return d.SkipValue()
	}
	return json.UnmarshalDecode(d, &o.value)
}

// unusable is the error for a required member: CodeNoData if it is null, else a
// wrong type.
func unusable(field string, kind jsontext.Kind) error {
	if kind == jsontext.KindNull {
		return upstream.Errorf(upstream.CodeNoData, "no value now: %s is null", field)
	}
	return otherShape(field, kind)
}

// otherShape is the error for a member of the wrong type.
func otherShape(field string, kind jsontext.Kind) error {
	if kind == jsontext.KindInvalid {
		return fmt.Errorf("%s: missing", field)
	}
	return fmt.Errorf("%s: a JSON %s that cannot be read", field, upstream.KindName(kind))
}

// unixTime converts seconds since 1970. The upper bound, in the year 5138, keeps the
// conversion defined and rejects milliseconds.
func unixTime(field string, seconds number) (time.Time, error) {
	if !seconds.known {
		return time.Time{}, unusable(field, seconds.kind)
	}
	if !(seconds.value > 0 && seconds.value < 1e11) {
		return time.Time{}, fmt.Errorf("%s: %g is not a time in seconds since 1970", field, seconds.value)
	}
	return time.Unix(int64(seconds.value), 0).UTC(), nil
}

// scale converts a provider's unit to ours: (v + shift) × factor.
type scale struct{ shift, factor float64 }

var same = scale{factor: 1}

// Units that can be converted, by the names that providers use.
var (
	toCelsius = map[text]scale{"°C": same, "celsius": same, "°F": {-32, 5.0 / 9}, "K": {-273.15, 1}}
	toMPS     = map[text]scale{"m/s": same, "km/h": {0, 1 / 3.6}, "mp/h": {0, 0.44704}, "mph": {0, 0.44704}, "kn": {0, 1852.0 / 3600}}
	toHPa     = map[text]scale{"hPa": same, "Pa": {0, 0.01}}
	toMM      = map[text]scale{"mm": same, "inch": {0, 25.4}}
	toMetres  = map[text]scale{"m": same, "ft": {0, 0.3048}}
	toSeconds = map[text]scale{"seconds": same}
	toPercent = map[text]scale{"%": same}
	toDegrees = map[text]scale{"°": same, "degrees": same}
)

// units are the units that an answer declares for its fields.
type units map[string]text

// read returns v in our unit, or nil if its unit is missing or not in known.
func (u units) read(field string, v number, known map[text]scale) *float64 {
	converted, err := u.require(field, v, known)
	if err != nil {
		return nil
	}
	return converted
}

// require is like read, but fails if the number is unknown.
func (u units) require(field string, v number, known map[text]scale) (*float64, error) {
	if !v.known {
		return nil, unusable(field, v.kind)
	}
	s, ok := known[u[field]]
	if !ok {
		return nil, fmt.Errorf("%s: %.12q is not a unit that can be converted", field, u[field])
	}
	return new((v.value + s.shift) * s.factor), nil
}
