package weather

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"tributary/upstream"
)

// PlaceQuery asks which places have a name.
type PlaceQuery struct {
	Name    string
	Country string // ISO 3166 alpha-2; empty: all of them
	Count   int    // at most so many, 1 to 100
}

// Geocoding asks Open-Meteo's geocoding API for places by name, the likeliest
// first; the postal code of a place finds it too. No place is an
// upstream.Error with CodeNotFound, never an empty list.
// https://open-meteo.com/en/docs/geocoding-api
func Geocoding() upstream.Spec[PlaceQuery, []Place] {
	return upstream.Spec[PlaceQuery, []Place]{
		Name:    "geocoding",
		Route:   "/v1/search",
		Key:     PlaceQuery.key,
		Request: func(ctx context.Context, q PlaceQuery) (*http.Request, error) { return get(ctx, q.path()) },
		Decode:  decodeGeocoding,
		Refusal: openMeteoRefusal, // the same house, the same words
	}
}

// key is the same for names that differ in case, in white space or in how
// their accents are encoded. The name comes last because it may hold anything.
func (q PlaceQuery) key() string {
	name := norm.NFC.String(cases.Fold().String(q.name()))
	return strings.Join([]string{strconv.Itoa(q.Count), strings.ToUpper(q.Country), name}, ":")
}

func (q PlaceQuery) path() string {
	path := "/v1/search?name=" + url.QueryEscape(q.name()) + "&count=" + strconv.Itoa(q.Count) + "&language=en&format=json"
	if q.Country != "" {
		path += "&countryCode=" + url.QueryEscape(strings.ToUpper(q.Country))
	}
	return path
}

// name is what is asked for: the case stays, for the provider to make of it
// what it knows.
func (q PlaceQuery) name() string {
	return norm.NFC.String(strings.Join(strings.Fields(q.Name), " "))
}

type geocodingAnswer struct {
	Error   bool             `json:"error"`
	Results []geocodingPlace `json:"results"` // absent when there is none
}

type geocodingPlace struct {
	Name        string   `json:"name"`
	Latitude    *float64 `json:"latitude"`
	Longitude   *float64 `json:"longitude"`
	CountryCode string   `json:"country_code"`
	Admin1      string   `json:"admin1"`
	Timezone    string   `json:"timezone"`
	Population  *float64 `json:"population"`
}

func decodeGeocoding(r upstream.Response) ([]Place, error) {
	var a geocodingAnswer
	if err := decodeJSON(r.Body, &a); err != nil {
		return nil, err
	}
	if a.Error {
		return nil, errors.New("error: true in a 200")
	}
	if len(a.Results) == 0 {
		return nil, upstream.Errorf(upstream.CodeNotFound, "knows no place of that name")
	}
	places := make([]Place, len(a.Results))
	for i := range a.Results {
		place, err := a.Results[i].place()
		if err != nil {
			return nil, fmt.Errorf("results[%d].%w", i, err)
		}
		places[i] = place
	}
	return places, nil
}

func (g *geocodingPlace) place() (Place, error) {
	switch {
	case g.Name == "":
		return Place{}, errors.New("name: missing")
	case g.Latitude == nil || !(*g.Latitude >= -90 && *g.Latitude <= 90):
		return Place{}, errors.New("latitude: missing or outside -90 to 90")
	case g.Longitude == nil || !(*g.Longitude >= -180 && *g.Longitude <= 180):
		return Place{}, errors.New("longitude: missing or outside -180 to 180")
	}
	place := NewPlace(*g.Latitude, *g.Longitude)
	place.Name = g.Name
	place.Admin = g.Admin1
	place.Country = g.CountryCode
	place.Timezone = g.Timezone
	if g.Population != nil {
		if !(*g.Population >= 0 && *g.Population < 1e11) {
			return Place{}, fmt.Errorf("population: %g is outside 0 to 1e11", *g.Population)
		}
		place.Population = new(int64(*g.Population))
	}
	return place, nil
}
