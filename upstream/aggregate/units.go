package aggregate

import "fmt"

// Scale turns a provider's unit into ours: (v + Shift) × Factor.
type Scale struct{ Shift, Factor float64 }

// Same is the scale of a unit that is ours.
var Same = Scale{Factor: 1}

// Units are those that an answer declares, by the field's name.
type Units map[string]Text

// Read returns v in our unit. A number without a unit, or with one that we do
// not know, is unknown: its unit is never guessed.
func (u Units) Read(field string, v Number, known map[Text]Scale) *float64 {
	converted, err := u.Require(field, v, known)
	if err != nil {
		return nil
	}
	return converted
}

// Require is Read for a number without which the answer cannot be used.
func (u Units) Require(field string, v Number, known map[Text]Scale) (*float64, error) {
	if !v.Known {
		return nil, Unusable(field, v.Kind)
	}
	s, ok := known[u[field]]
	if !ok {
		return nil, fmt.Errorf("%s: %.12q is not a unit that can be converted", field, u[field])
	}
	return new((v.Value + s.Shift) * s.Factor), nil
}
