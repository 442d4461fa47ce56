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
	s, ok := known[u[field]]
	if !ok {
		return nil
	}
	return s.convert(v.Value)
}

// Require is Read for a number that the answer must have.
func (u Units) Require(field string, v Number, known map[Text]Scale) (*float64, error) {
	if !v.Known {
		return nil, Unusable(field, v.Kind)
	}
	s, ok := known[u[field]]
	if !ok {
		return nil, fmt.Errorf("%s: %.12q is not a unit that can be converted", field, u[field])
	}
	return s.convert(v.Value), nil
}

func (s Scale) convert(v float64) *float64 { return new((v + s.Shift) * s.Factor) }
