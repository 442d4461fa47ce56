package sim

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// newGeocoding simulates https://open-meteo.com/en/docs/geocoding-api. It ignores
// language and always answers in English.
func newGeocoding(g *gazetteer) provider {
	return readOnly(provider{
		name:        Geocoding,
		contentType: jsonUTF8,
		answer:      g.answer,
		fail:        openMeteoFailure, // its errors have the forecast API's form
		overQuota:   openMeteoOverQuota,
	})
}

// geocodingBody omits results if there are none; the status is 200.
type geocodingBody struct {
	Results          []geocodingResult `json:"results,omitempty"`
	GenerationTimeMS float64           `json:"generationtime_ms"`
}

type geocodingResult struct {
	ID          int     `json:"id"`
	Name        string  `json:"name"`
	Latitude    float64 `json:"latitude"`
	Longitude   float64 `json:"longitude"`
	Elevation   float64 `json:"elevation"`
	FeatureCode string  `json:"feature_code"`
	CountryCode string  `json:"country_code,omitempty"`
	Timezone    string  `json:"timezone"`
	Population  int     `json:"population,omitempty"`
	Country     string  `json:"country,omitempty"`
	Admin1      string  `json:"admin1,omitempty"`
}

func (g *gazetteer) answer(r *http.Request) answer {
	if r.URL.Path != "/v1/search" {
		return openMeteoFailure(http.StatusNotFound)
	}
	q := r.URL.Query()
	if !q.Has("name") {
		return openMeteoError(http.StatusBadRequest, "Value required for key 'name'.")
	}
	count := 10
	if text := q.Get("count"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 100 {
			return openMeteoError(http.StatusBadRequest, "Parameter count must be between 1 and 100.")
		}
		count = n
	}
	body := geocodingBody{GenerationTimeMS: 0.5580187}
	for _, p := range g.search(q.Get("name"), q.Get("countryCode")) {
		if len(body.Results) == count {
			break
		}
		body.Results = append(body.Results, geocodingResult{
			p.id, p.name, p.lat, p.lon, p.elevation, p.feature, p.code, p.zone, p.population, p.country, p.admin1,
		})
	}
	return jsonAnswer(http.StatusOK, body)
}

// gazetteer finds places by name.
type gazetteer struct {
	entries []entry // greatest population first
}

// entry is a place and the names that find it, in lower case.
type entry struct {
	*place
	names []string
}

func newGazetteer() *gazetteer {
	g := &gazetteer{}
	for i := range places {
		p := &places[i]
		e := entry{p, []string{strings.ToLower(p.name)}}
		for _, alias := range p.aliases {
			e.names = append(e.names, strings.ToLower(alias))
		}
		g.entries = append(g.entries, e)
	}
	slices.SortStableFunc(g.entries, func(a, b entry) int { return cmp.Compare(b.population, a.population) })
	return g
}

// search returns exact matches first and then, for three letters or more, names with
// this prefix; both are sorted by population. A country code filters the result. One
// letter finds nothing, as in the real service.
func (g *gazetteer) search(name, countryCode string) []*place {
	name = strings.ToLower(strings.TrimSpace(name))
	letters := utf8.RuneCountInString(name)
	if letters < 2 {
		return nil
	}
	if p := syntheticPlace(name); p != nil && countryCode == "" {
		return []*place{p}
	}
	var exact, prefix []*place
	for _, e := range g.entries {
		switch {
		case countryCode != "" && !strings.EqualFold(e.code, countryCode):
		case slices.Contains(e.names, name):
			exact = append(exact, e.place)
		case letters > 2 && slices.ContainsFunc(e.names, func(n string) bool { return strings.HasPrefix(n, name) }):
			prefix = append(prefix, e.place)
		}
	}
	return append(exact, prefix...)
}

// Synthetic places for load tests are named Place-1 to Place-10000000. They have no
// country.
const (
	syntheticPrefix = "place-"
	syntheticMost   = 10_000_000
)

// syntheticPlace puts the places on a grid of hundredths of a degree from 60° S to 70°
// N. No two share a point, because the step and the number of points have no common
// divisor.
func syntheticPlace(lowerName string) *place {
	const (
		columns = 36_000 // from 180° W
		rows    = 13_000
		step    = 179_424_673
	)
	digits, ok := strings.CutPrefix(lowerName, syntheticPrefix)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || n > syntheticMost || strconv.Itoa(n) != digits {
		return nil
	}
	point := n * step % (columns * rows)
	lat := round(float64(point/columns)/100-60, 2)
	lon := round(float64(point%columns)/100-180, 2)
	return &place{
		id:         100_000_000 + n,
		name:       "Place-" + digits,
		lat:        lat,
		lon:        lon,
		elevation:  elevation(lat, lon),
		feature:    "PPL",
		zone:       nauticalZone(lon),
		population: 1000 + n%900_000,
	}
}
