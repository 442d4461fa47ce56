package weather

import (
	"context"
	"time"

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

	// Of a forecast only.
	Days   int // how many, from 1
	Hourly bool
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

	// Present is what the JSON has of a merge. Subjects without units ignore those of q.
	Present func(place Place, merged *M, q Query) any

	// Form numbers what Present returns, from 0: queries about one place with equal forms
	// have equal JSON. nil: by units.
	Form func(q Query) int

	// Key is the key of the merge at a place. It changes when the merge of the same
	// reports does. nil: that of the place.
	Key func(place Place, now time.Time) string
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
	merged, outcomes := a.Merger.Ask(ctx, place, a.key(place), q.Directives)
	return a.answer(place, q, merged, append(sources, outcomes...))
}

// key is that of the merge at a place.
func (a *AtPlace[R, M]) key(place Place) string {
	if a.Key != nil {
		return a.Key(place, time.Now())
	}
	return place.AnswerKey()
}

// answer is the JSON of a merge, nil for none, and its sources.
func (a *AtPlace[R, M]) answer(place Place, q Query, merged *aggregate.Merged[R, M], sources []aggregate.Outcome) (aggregate.Encoded, []aggregate.Outcome, error) {
	if merged == nil {
		return aggregate.Encoded{}, nil, &aggregate.NoAnswerError{Subject: a.Subject, Sources: sources}
	}
	data, err := a.Merger.Encode(place, merged, a.form(q), func(m *M) any { return a.Present(place, m, q) })
	return data, sources, err
}

func (a *AtPlace[R, M]) form(q Query) int {
	switch {
	case a.Form != nil:
		return a.Form(q)
	case q.Units == Imperial:
		return 1
	}
	return 0
}
