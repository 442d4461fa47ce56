package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// weather is GET /v1/weather.
func (s *server) weather(w http.ResponseWriter, r *http.Request) error {
	if err := mustAccept(w, r); err != nil {
		return err
	}
	p := parseParams(r)
	q := weatherQuery(p)
	units, _ := weather.ParseUnits(p.oneOf("units", string(weather.Metric), string(weather.Imperial)))
	if err := p.err(); err != nil {
		return err
	}
	q.Directives = upstream.ParseDirectives(r.Header)
	answer, err := s.Weather.Current(r.Context(), q)
	if err != nil {
		return switchedOff(err)
	}
	data, err := answer.Data(units)
	if err != nil {
		return err
	}
	return s.respond(w, r, reply{data: data.JSON, tag: data.Tag, sources: answer.Sources, public: s.PublicReads})
}

// weatherQuery reads which place is meant: a city, or coordinates.
func weatherQuery(p *params) weather.Query {
	coordinates := p.has("lat") || p.has("lon")
	switch {
	case p.has("city") && coordinates:
		p.refuse("city", "goes without lat and lon: give one or the other")
	case !p.has("city") && !coordinates:
		p.refuse("city", "is missing: give city, or lat and lon")
	case coordinates && !p.has("lat"):
		p.refuse("lat", "is missing beside lon")
	case coordinates && !p.has("lon"):
		p.refuse("lon", "is missing beside lat")
	}
	if p.has("country") && !p.has("city") {
		p.refuse("country", "narrows a city down; there is none")
	}
	q := weather.Query{City: p.text("city"), Country: p.country("country")}
	lat, lon := p.decimal("lat", 90), p.decimal("lon", 180)
	if coordinates {
		q.At = weather.NewPlace(lat, lon)
	}
	return q
}

// places is GET /v1/places.
func (s *server) places(w http.ResponseWriter, r *http.Request) error {
	if err := mustAccept(w, r); err != nil {
		return err
	}
	p := parseParams(r)
	if !p.has("q") {
		p.refuse("q", "is missing: the name, or its beginning, of a place")
	}
	name, limit := p.text("q"), p.integer("limit", 1, 20, 5)
	if err := p.err(); err != nil {
		return err
	}
	places, outcome, err := s.Weather.Places(r.Context(), name, limit, upstream.ParseDirectives(r.Header))
	if err != nil {
		return switchedOff(err)
	}
	if places == nil {
		places = []weather.Place{} // [] and not null
	}
	data, err := json.Marshal(places)
	if err != nil {
		return err
	}
	return s.respond(w, r, reply{data: data, tag: aggregate.Tag(data), sources: []aggregate.Outcome{outcome}, public: s.PublicReads})
}

// switchedOff gives the domain's refusals a status.
func switchedOff(err error) error {
	if errors.Is(err, weather.ErrNoGeocoding) || errors.Is(err, weather.ErrNoProvider) {
		return notConfigured.with(err.Error())
	}
	return err
}
