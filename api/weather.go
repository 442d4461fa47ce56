package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"tributary/api/admission"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// placeParam reads a parameter that only some paths about places have.
type placeParam func(*params, *weather.Query)

// aboutPlace reads a query about the place in the parameters.
func (s *server) aboutPlace(ask weather.Ask, more ...placeParam) reading {
	return func(r *http.Request) (question, error) {
		q := &placeQuestion{answer: ask, public: s.PublicReads}
		q.params.parse(r)
		q.query = placeQuery(&q.params)
		for _, read := range more {
			read(&q.params, &q.query)
		}
		if err := q.params.err(); err != nil {
			return nil, err
		}
		return q, nil
	}
}

// placeQuestion is a question about a place. It contains its query, so that both need
// only one allocation.
type placeQuestion struct {
	params params
	query  weather.Query
	answer weather.Ask
	public bool
}

func (q *placeQuestion) key() string {
	return strings.Join([]string{q.query.City, q.query.Country, q.query.At.Key(), string(q.query.Units)}, "\n") // a city has no control characters
}

func (q *placeQuestion) class() admission.Class { return admission.Single }

func (q *placeQuestion) ask(ctx context.Context, d upstream.Directives) (reply, error) {
	query := q.query
	query.Directives = d
	data, sources, err := q.answer(ctx, query)
	if err != nil {
		return reply{public: q.public}, configurationProblem(err)
	}
	return reply{data: data.JSON, tag: data.Tag, sources: sources, public: q.public}, nil
}

// aboutPlaces reads a query about many places.
func (s *server) aboutPlaces(ask weather.AskMany, more ...placeParam) batchReading {
	return func(r *http.Request) (batchQuestion, error) {
		p := parseParams(r)
		var q weather.Query
		for _, read := range more {
			read(p, &q)
		}
		places := p.places()
		if err := p.err(); err != nil {
			return batchQuestion{}, err
		}
		kind := reply{public: s.PublicReads}
		return batchQuestion{kind, func(ctx context.Context, d upstream.Directives) ([]entry, error) {
			q.Directives = d
			answers, err := ask(ctx, q, places)
			if err != nil {
				return nil, configurationProblem(err)
			}
			entries := make([]entry, len(answers))
			for i, a := range answers {
				entries[i] = entry{reply{data: a.Data.JSON, tag: a.Data.Tag, sources: a.Sources, public: kind.public}, a.Err}
			}
			return entries, nil
		}}, nil
	}
}

// places reads the places of a batch.
func (p *params) places() (places []weather.Place) {
	p.entries("place", func(name, value string) {
		lat, lon, ok := strings.Cut(value, ",")
		if !ok {
			p.mistake(name, "is not LAT,LON, such as 28.65,77.23")
			return
		}
		places = append(places, weather.NewPlace(p.degrees(name, "the latitude ", lat, 90), p.degrees(name, "the longitude ", lon, 180)))
	})
	return places
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

// namedPlaces reads the question of GET /v1/places.
func (s *server) namedPlaces(r *http.Request) (question, error) {
	p := parseParams(r)
	if !p.has("q") {
		p.mistake("q", "is missing: the name, or its beginning, of a place")
	}
	name, limit := p.text("q"), p.integer("limit", 1, 20, 5)
	if err := p.err(); err != nil {
		return nil, err
	}
	return asking{f: func(ctx context.Context, d upstream.Directives) (reply, error) {
		places, outcome, err := s.Weather.Places(ctx, name, limit, d)
		if err != nil {
			return reply{public: s.PublicReads}, configurationProblem(err)
		}
		if places == nil {
			places = []weather.Place{} // encodes as [], not null
		}
		data, err := json.Marshal(places)
		return reply{data: data, tag: aggregate.Tag(data), sources: []aggregate.Outcome{outcome}, public: s.PublicReads}, err
	}}, nil
}

// configurationProblem maps the domains' configuration errors to a problem.
func configurationProblem(err error) error {
	if errors.Is(err, aggregate.ErrSwitchedOff) {
		return notConfigured.with(err.Error())
	}
	return err
}
