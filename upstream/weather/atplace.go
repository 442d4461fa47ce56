package weather

import (
	"context"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// Query names a place: a city, in a country or anywhere, or where City is empty the
// place At. The zero Units are metric.
type Query struct {
	City       string
	Country    string
	At         Place
	Units      Units
	Directives upstream.Directives
}

// Ask answers a query with JSON, and the sources that it is from.
type Ask = func(ctx context.Context, q Query) (aggregate.Encoded, []aggregate.Outcome, error)

// Locate returns the place that a query names, and the outcome of geocoding if it
// was needed.
type Locate func(ctx context.Context, q Query) (Place, []aggregate.Outcome, error)

// AtPlace answers queries about one subject, such as air quality: it finds the place
// and merges what several providers report for it, each an R, into one M. It is safe
// for concurrent use.
type AtPlace[R, M any] struct {
	Subject    string // with the place, for errors: "the weather of this place"
	NoProvider error  // for a gateway in which every provider is switched off
	Locate     Locate
	Merger     *aggregate.Merger[Place, R, M]

	// Present is what the JSON has of a merge. Subjects without units ignore u.
	Present func(place Place, merged *M, u Units) any
}

// Ask is the merge at the queried place, in JSON, and the sources that it is from,
// geocoding first. The error is an *aggregate.NoAnswerError when no provider has a
// report, or the city is not known.
func (a *AtPlace[R, M]) Ask(ctx context.Context, q Query) (aggregate.Encoded, []aggregate.Outcome, error) {
	if len(a.Merger.Providers) == 0 {
		return aggregate.Encoded{}, nil, a.NoProvider
	}
	place, sources, err := a.Locate(ctx, q)
	if err != nil {
		return aggregate.Encoded{}, nil, err
	}
	merged, outcomes := a.Merger.Ask(ctx, place, place.AnswerKey(), q.Directives)
	sources = append(sources, outcomes...)
	if merged == nil {
		return aggregate.Encoded{}, nil, &aggregate.NoAnswerError{Subject: a.Subject, Sources: sources}
	}
	form := 0
	if q.Units == Imperial {
		form = 1
	}
	data, err := merged.Encode(form, func(m *M) any { return a.Present(place, m, q.Units) })
	return data, sources, err
}
