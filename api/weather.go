package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// aboutPlace answers a query about the place in the parameters, or about many places. more
// reads parameters that only this path has.
func (s *server) aboutPlace(ask weather.Ask, askMany weather.AskMany, more ...func(*params, *weather.Query)) http.HandlerFunc {
	return s.handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := mustAccept(w, r); err != nil {
			return err
		}
		p := parseParams(r)
		if p.has("place") {
			return s.aboutPlaces(w, r, p, askMany, more)
		}
		q := placeQuery(p)
		for _, read := range more {
			read(p, &q)
		}
		if err := p.err(); err != nil {
			return err
		}
		q.Directives = upstream.ParseDirectives(r.Header)
		data, sources, err := ask(r.Context(), q)
		if err != nil {
			return configurationProblem(err)
		}
		return s.respond(w, r, reply{data: data.JSON, tag: data.Tag, sources: sources, public: s.PublicReads})
	})
}

// aboutPlaces answers a query about many places.
func (s *server) aboutPlaces(w http.ResponseWriter, r *http.Request, p *params, ask weather.AskMany, more []func(*params, *weather.Query)) error {
	q := weather.Query{Directives: upstream.ParseDirectives(r.Header)}
	for _, read := range more {
		read(p, &q)
	}
	var places []weather.Place
	p.entries("place", func(name, value string) {
		lat, lon, ok := strings.Cut(value, ",")
		if !ok {
			p.mistake(name, "is not LAT,LON, such as 28.65,77.23")
			return
		}
		places = append(places, weather.NewPlace(p.degrees(name, "the latitude ", lat, 90), p.degrees(name, "the longitude ", lon, 180)))
	})
	if err := p.err(); err != nil {
		return err
	}
	answers, err := ask(r.Context(), q, places)
	if err != nil {
		return configurationProblem(err)
	}
	kind := reply{public: s.PublicReads}
	entries := make([]entry, len(answers))
	for i, a := range answers {
		entries[i] = entry{reply{data: a.Data.JSON, tag: a.Data.Tag, sources: a.Sources, public: kind.public}, a.Err}
	}
	return s.respondBatch(w, r, entries, kind)
}

func units(p *params, q *weather.Query) {
	q.Units, _ = weather.ParseUnits(p.oneOf("units", string(weather.Metric), string(weather.Imperial)))
}

// span reads how far a forecast reaches.
func span(p *params, q *weather.Query) {
	q.Days = p.integer("days", 1, 7, 5)
	q.Hourly = p.oneOf("hourly", "false", "true") == "true"
}

// placeQuery reads the place: a city, or coordinates.
func placeQuery(p *params) weather.Query {
	coordinates := p.has("lat") || p.has("lon")
	switch {
	case p.has("city") && coordinates:
		p.mistake("city", "goes without lat and lon: give one or the other")
	case !p.has("city") && !coordinates:
		p.mistake("city", "is missing: give city, or lat and lon")
	case coordinates && !p.has("lat"):
		p.mistake("lat", "is missing beside lon")
	case coordinates && !p.has("lon"):
		p.mistake("lon", "is missing beside lat")
	}
	if p.has("country") && !p.has("city") {
		p.mistake("country", "narrows a city down; there is none")
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
		p.mistake("q", "is missing: the name, or its beginning, of a place")
	}
	name, limit := p.text("q"), p.integer("limit", 1, 20, 5)
	if err := p.err(); err != nil {
		return err
	}
	places, outcome, err := s.Weather.Places(r.Context(), name, limit, upstream.ParseDirectives(r.Header))
	if err != nil {
		return configurationProblem(err)
	}
	if places == nil {
		places = []weather.Place{} // encodes as [], not null
	}
	data, err := json.Marshal(places)
	if err != nil {
		return err
	}
	return s.respond(w, r, reply{data: data, tag: aggregate.Tag(data), sources: []aggregate.Outcome{outcome}, public: s.PublicReads})
}

// configurationProblem maps the domains' configuration errors to a problem.
func configurationProblem(err error) error {
	if errors.Is(err, aggregate.ErrSwitchedOff) {
		return notConfigured.with(err.Error())
	}
	return err
}
