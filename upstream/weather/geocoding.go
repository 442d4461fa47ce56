package weather

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/unicode/norm"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// PlaceQuery asks for the places of a name.
type PlaceQuery struct {
	Name    string
	Country string // ISO 3166 alpha-2; empty: any
	Count   int    // greatest number of places, 1 to 100
}

// Found holds the places that match a name, the likeliest first. It can be stored
// as JSON.
type Found struct {
	Places []Place `json:"places"`

	// LeftOut says how many results were unreadable, and why; empty: none.
	LeftOut string `json:"left_out,omitempty"`
}

// Geocoding looks up places in Open-Meteo's geocoding API by name or postal code. If
// there is no such place, the error is an upstream.Error with CodeNotFound; the
// list is never empty. https://open-meteo.com/en/docs/geocoding-api
func Geocoding() upstream.Spec[PlaceQuery, Found] {
	return upstream.Spec[PlaceQuery, Found]{
		Name:    "geocoding",
		Route:   "/v1/search",
		Key:     PlaceQuery.key,
		Request: func(ctx context.Context, q PlaceQuery) (*http.Request, error) { return aggregate.Get(ctx, q.path()) },
		Decode:  decodeGeocoding,
		Check: func(_ PlaceQuery, f Found) error {
			if len(f.Places) == 0 {
				return errors.New("results: none") // in the shared cache, written by another program
			}
			return nil
		},
		Refusal:   OpenMeteoRefusal,    // the same limits in the same words
		Forbidden: upstream.ThisSource, // a 403 is about our key or plan
		MinFresh:  MinFresh,
	}
}

// key is equal for names that the geocoder treats as equal. The name comes last
// because it may contain any character.
func (q PlaceQuery) key() string {
	return strings.Join([]string{strconv.Itoa(q.Count), strings.ToUpper(q.Country), fold(q.name())}, ":")
}

// fold removes what the geocoder ignores in a name: case, and the diacritics of
// Latin, Greek and Cyrillic letters. It must not fold more than the geocoder does
// (Sources/App/SearchTextNormalizer.swift of open-meteo/geocoding-api), or two
// different questions would share an answer. Letters are lowered one by one: ß is
// not ss, ı is not i, and ς is not σ. The marks of other scripts stay, because they
// can be vowels.
func fold(name string) string {
	const endOfCyrillic = 0x0510
	var b strings.Builder
	b.Grow(len(name))
	strip := false // whether to remove the following marks
	for _, r := range norm.NFD.String(name) {
		mark := unicode.Is(unicode.Mn, r)
		if !mark {
			strip = r < endOfCyrillic
		}
		if !mark || !strip {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return norm.NFC.String(b.String())
}

func (q PlaceQuery) path() string {
	path := "/v1/search?name=" + url.QueryEscape(q.name()) + "&count=" + strconv.Itoa(q.Count) + "&language=en&format=json"
	if q.Country != "" {
		path += "&countryCode=" + url.QueryEscape(strings.ToUpper(q.Country))
	}
	return path
}

// name is sent as the caller spelled it, except that white space and Unicode
// composition are normalised.
func (q PlaceQuery) name() string {
	return norm.NFC.String(strings.Join(strings.Fields(q.Name), " "))
}

type geocodingAnswer struct {
	Error   bool                     `json:"error"`
	Results []object[geocodingPlace] `json:"results"` // absent if there are none
}

type geocodingPlace struct {
	Name        text   `json:"name"`
	Latitude    number `json:"latitude"`
	Longitude   number `json:"longitude"`
	CountryCode text   `json:"country_code"`
	Admin1      text   `json:"admin1"`
	Timezone    text   `json:"timezone"`
	Population  number `json:"population"`
}

func decodeGeocoding(r upstream.Response) (Found, error) {
	var a geocodingAnswer
	if err := upstream.DecodeJSON(r.Body, '{', &a); err != nil {
		return Found{}, err
	}
	if a.Error {
		return Found{}, errors.New("error: true in an answer with status 200")
	}
	if len(a.Results) == 0 {
		return Found{}, upstream.Errorf(upstream.CodeNotFound, "no place of this name")
	}
	found := Found{Places: make([]Place, 0, len(a.Results))}
	var first error
	for i := range a.Results {
		place, err := a.place(i)
		if err != nil {
			first = cmp.Or(first, err)
			continue
		}
		found.Places = append(found.Places, place)
	}
	if first == nil {
		return found, nil
	}
	leftOut := fmt.Errorf("%d of %d left out: %w", len(a.Results)-len(found.Places), len(a.Results), first)
	if len(found.Places) == 0 {
		return Found{}, leftOut
	}
	found.LeftOut = leftOut.Error()
	return found, nil
}

// place converts one result.
func (a *geocodingAnswer) place(i int) (Place, error) {
	result := &a.Results[i]
	if result.Kind != jsontext.KindBeginObject {
		return Place{}, aggregate.OtherShape(fmt.Sprintf("results[%d]", i), result.Kind)
	}
	place, err := result.Value.place()
	if err != nil {
		return Place{}, fmt.Errorf("results[%d].%w", i, err)
	}
	return place, nil
}

// place treats one missing coordinate as 0, because the answer is made from protocol
// buffers, which omit zeros. If both are missing, the place is unknown.
func (g *geocodingPlace) place() (Place, error) {
	latitude, longitude := g.Latitude, g.Longitude
	latitude.Known = latitude.Known || latitude.Kind == jsontext.KindInvalid && g.Longitude.Known
	longitude.Known = longitude.Known || longitude.Kind == jsontext.KindInvalid && g.Latitude.Known
	switch {
	case g.Name == "":
		return Place{}, errors.New("name: missing")
	case !latitude.Known:
		return Place{}, aggregate.OtherShape("latitude", latitude.Kind)
	case !longitude.Known:
		return Place{}, aggregate.OtherShape("longitude", longitude.Kind)
	case !(latitude.Value >= -90 && latitude.Value <= 90):
		return Place{}, errors.New("latitude: outside -90 to 90")
	case !(longitude.Value >= -180 && longitude.Value <= 180):
		return Place{}, errors.New("longitude: outside -180 to 180")
	}
	place := NewPlace(latitude.Value, longitude.Value)
	place.Name = string(g.Name)
	place.Admin = string(g.Admin1)
	place.Country = string(g.CountryCode)
	place.Timezone = string(g.Timezone)
	if n := g.Population; n.Known && n.Value >= 0 && n.Value < 1e11 {
		place.Population = new(int64(n.Value))
	}
	return place, nil
}
