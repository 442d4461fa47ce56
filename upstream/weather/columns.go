package weather

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// column is a member that should be a list of numbers.
type column struct {
	kind jsontext.Kind
	all  []number
}

// at is the i-th number; unknown beyond the end.
func (c *column) at(i int) number {
	if i >= len(c.all) {
		return number{}
	}
	return c.all[i]
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (c *column) UnmarshalJSONFrom(d *jsontext.Decoder) (err error) {
	c.kind, c.all, err = list[number](d)
	return err
}

// array is a member that should be a list of anything.
type array struct {
	kind jsontext.Kind
	all  []jsontext.Value
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (v *array) UnmarshalJSONFrom(d *jsontext.Decoder) (err error) {
	v.kind, v.all, err = list[jsontext.Value](d)
	return err
}

// list reads a list; of anything else it reads only the kind.
func list[T any](d *jsontext.Decoder) (kind jsontext.Kind, all []T, err error) {
	if kind = d.PeekKind(); kind != jsontext.KindBeginArray {
		return kind, nil, d.SkipValue()
	}
	return kind, all, json.UnmarshalDecode(d, &all)
}
