package aggregate

import "fmt"

// Scale converts from a provider's unit to ours: (v + Shift) × Factor.
type Scale struct{ Shift, Factor float64 }

// Same is the scale of our own unit.
var Same = Scale{Factor: 1}

// Units are the units that an answer declares, by field.
type Units map[string]Text

// Read returns v in our unit. A number with no unit or an unlisted one is unknown,
// because units are never guessed.
func (u Units) Read(field string, v Number, known map[Text]Scale) *float64 {
	if !v.Known {
		return nil
	}
	s, ok := u.Scale(field, known)
	if !ok {
		return nil
	}
	return new(s.Convert(v.Value))
}

// Require is Read for a number that the answer must have.
func (u Units) Require(field string, v Number, known map[Text]Scale) (*float64, error) {
	if !v.Known {
		return nil, Unusable(field, v.Kind)
	}
	s, ok := u.Scale(field, known)
	if !ok {
		return nil, fmt.Errorf("%s: %.12q is not a unit that can be converted", field, u[field])
	}
	return new(s.Convert(v.Value)), nil
}

// Scale is that of a field's unit, for many numbers of one field. ok is false without a
// unit, and for one that is not listed.
func (u Units) Scale(field string, known map[Text]Scale) (s Scale, ok bool) {
	s, ok = known[u[field]]
	return s, ok
}

// Convert is v in our unit.
func (s Scale) Convert(v float64) float64 { return (v + s.Shift) * s.Factor }
