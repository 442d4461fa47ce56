package worstday

import (
	"net/url"
	"strings"
)

// kind is what a request is about.
type kind string

const (
	aboutWeather  kind = "weather"
	aboutForecast kind = "forecast"
	aboutAir      kind = "air"
	aboutUser     kind = "user"
	aboutUsers    kind = "users"
	aboutPlaces   kind = "places"
	aboutVisit    kind = "visit"
)

// subject is what one aggregate is about.
type subject struct {
	kind
	lat, lon string // of a place that was asked for by its coordinates
	name     string // of a place that was asked for by its name
	imperial bool
	id       string // of a user
	batch    bool
}

// key is equal for equal questions.
func (s subject) key() string {
	return string(s.kind) + " " + s.lat + "," + s.lon + s.name + s.id
}

// weatherPaths are the paths about a place.
var weatherPaths = map[string]kind{
	"/v1/weather": aboutWeather, "/v1/weather/forecast": aboutForecast, "/v1/air-quality": aboutAir,
}

// subjects are what a request is about: an entry for each of a batch, none for what is no
// aggregate.
func subjects(r Request) []subject {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil
	}
	q := u.Query()
	path := strings.TrimSuffix(u.Path, "/stream")
	if about, ok := weatherPaths[path]; ok {
		if !q.Has("place") {
			return []subject{{kind: about, lat: q.Get("lat"), lon: q.Get("lon"), name: q.Get("city"), imperial: q.Get("units") == "imperial"}}
		}
		var list []subject
		for _, p := range q["place"] {
			lat, lon, _ := strings.Cut(p, ",")
			list = append(list, subject{kind: about, lat: lat, lon: lon, batch: true})
		}
		return list
	}
	switch {
	case path == "/v1/places":
		return []subject{{kind: aboutPlaces, name: q.Get("q")}}
	case path == "/v1/users" && q.Has("id"):
		var list []subject
		for _, id := range q["id"] {
			list = append(list, subject{kind: aboutUser, id: id, batch: true})
		}
		return list
	case path == "/v1/users" && r.Method == "POST":
		return []subject{{kind: aboutUser}}
	case path == "/v1/users":
		return []subject{{kind: aboutUsers}}
	case strings.HasPrefix(path, "/v1/users/"):
		return []subject{{kind: aboutUser, id: strings.TrimPrefix(path, "/v1/users/")}}
	case strings.HasPrefix(path, "/v1/visits/"):
		return []subject{{kind: aboutVisit, id: strings.TrimPrefix(path, "/v1/visits/")}}
	}
	return nil
}
