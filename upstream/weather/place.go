package weather

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// Place is a place on Earth. Create it with [NewPlace], then set the fields that are
// known.
type Place struct {
	Name       string  `json:"name,omitempty"`
	Admin      string  `json:"admin,omitempty"`   // the first administrative level: state, region
	Country    string  `json:"country,omitempty"` // ISO 3166 alpha-2
	Latitude   float64 `json:"latitude"`          // degrees north, two decimals
	Longitude  float64 `json:"longitude"`         // degrees east, two decimals
	Timezone   string  `json:"timezone,omitempty"`
	Population *int64  `json:"population,omitempty"`

	key string
}

// NewPlace returns a place without a name at these coordinates, rounded with
// [Round2]. The caller has checked their range.
func NewPlace(latitude, longitude float64) Place {
	latitude, longitude = Round2(latitude), Round2(longitude)
	return Place{Latitude: latitude, Longitude: longitude, key: coordinatesKey(latitude, longitude)}
}

// Round2 rounds to two decimals, about a kilometre: as fine as the finest provider's
// grid, and coarse enough that neighbours share a cache entry. It rounds halves away
// from zero in decimal notation, as people do: 1.005 becomes 1.01, though the
// nearest binary number is a little less. It never returns negative zero, which
// would be a second key for the same place.
func Round2(degrees float64) float64 {
	const decimals = 2
	digits := strconv.AppendFloat(make([]byte, 0, 32), math.Abs(degrees), 'f', -1, 64)
	point := bytes.IndexByte(digits, '.')
	if point < 0 || len(digits)-point-1 <= decimals {
		return positiveZero(degrees) // already at most two decimals
	}
	end := point + 1 + decimals
	hundredths, _ := strconv.ParseInt(string(digits[:point])+string(digits[point+1:end]), 10, 64) // a float with a fraction is below 2^53
	if digits[end] >= '5' {
		hundredths++
	}
	return positiveZero(math.Copysign(float64(hundredths)/100, degrees))
}

// Key depends on the coordinates only: "28.65,77.23". NewPlace computes it once,
// because every source uses it in every request.
func (p Place) Key() string {
	if p.key == "" { // not made with NewPlace
		return coordinatesKey(Round2(p.Latitude), Round2(p.Longitude))
	}
	return p.key
}

// Query is the place as a query with these names: "lat=28.65&lon=77.23".
func (p Place) Query(latitude, longitude string) string {
	return latitude + "=" + degrees(p.Latitude) + "&" + longitude + "=" + degrees(p.Longitude)
}

// AnswerKey is canonical for the coordinates and the name that an answer shows.
func (p Place) AnswerKey() string {
	if p.Name == "" {
		return p.Key()
	}
	return p.Key() + " " + p.Country + " " + p.Name
}

// Shown is the place as an answer about it shows it: without what is told only
// where places are listed.
func (p Place) Shown() Place {
	p.Latitude, p.Longitude = Round2(p.Latitude), Round2(p.Longitude)
	p.Admin, p.Population = "", nil
	return p
}

// UnmarshalJSON makes the key again: it is not stored.
func (p *Place) UnmarshalJSON(b []byte) error {
	type stored Place
	if err := json.Unmarshal(b, (*stored)(p)); err != nil {
		return err
	}
	p.key = coordinatesKey(Round2(p.Latitude), Round2(p.Longitude))
	return nil
}

func coordinatesKey(latitude, longitude float64) string {
	b := strconv.AppendFloat(make([]byte, 0, 32), Round2(latitude), 'f', -1, 64)
	b = append(b, ',')
	return string(strconv.AppendFloat(b, Round2(longitude), 'f', -1, 64))
}

// degrees formats a coordinate for providers: decimal, without exponent or trailing
// zeros.
func degrees(v float64) string { return strconv.FormatFloat(Round2(v), 'f', -1, 64) }

// roundTo rounds v to a multiple of 1/parts, halves away from zero, and returns 0 for
// negative zero.
func roundTo(v, parts float64) float64 { return positiveZero(math.Round(v*parts) / parts) }

func positiveZero(v float64) float64 {
	if v == 0 {
		return 0
	}
	return v
}
