package weather

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// ErrNoGeocoding is returned for names of places when geocoding is switched off,
// ErrNoProvider for weather when every provider is.
var (
	ErrNoGeocoding = fmt.Errorf("geocoding, which looks up names of places, is %w", aggregate.ErrSwitchedOff)
	ErrNoProvider  = fmt.Errorf("every weather provider is %w", aggregate.ErrSwitchedOff)
)

// mostPlaces is how many places are asked for at once, whatever a caller's
// limit is, so that all limits share an answer.
const mostPlaces = 20

// Service answers questions about places and their weather. It is safe for
// concurrent use.
type Service struct {
	geocoding *upstream.Source[PlaceQuery, Found] // nil: switched off
	patience  time.Duration
	current   *aggregate.Merger[Place, Report, Merged]
}

// Provider is one source of reports, and the attribution that its licence requires.
type Provider = aggregate.Provider[Place, Report]

// NewService makes a service of these providers, in the order that decides ties.
// Once one provider has answered, the others are waited for no longer than
// patience. Merges are kept in store, beside the answers they are made of.
func NewService(store *cache.Store, geocoding *upstream.Source[PlaceQuery, Found], patience time.Duration, providers ...Provider) *Service {
	return &Service{
		geocoding: geocoding,
		patience:  patience,
		current: aggregate.NewMerger(store, aggregate.MergerConfig[Place, Report, Merged]{
			Providers: providers,
			Patience:  patience,
			At:        (*Report).At,
			Merge: func(now time.Time, reports []*Report) (*Merged, []bool) {
				m := Merge(now, reports...)
				return m, m.Used
			},
		}),
	}
}

// Query asks for what is known of a city, in a country or anywhere, or where City
// is empty of the place At. The zero Units are metric.
type Query struct {
	City       string
	Country    string
	At         Place
	Units      Units
	Directives upstream.Directives
}

// Ask answers a query with JSON, and the sources that it is from.
type Ask = func(ctx context.Context, q Query) (aggregate.Encoded, []aggregate.Outcome, error)

// Current is the current weather, a Current in JSON, and the sources that it is
// from. The error is an *aggregate.NoAnswerError when no provider has any, or the
// city is not known.
func (s *Service) Current(ctx context.Context, q Query) (aggregate.Encoded, []aggregate.Outcome, error) {
	if len(s.current.Providers) == 0 {
		return aggregate.Encoded{}, nil, ErrNoProvider
	}
	place, sources, err := s.Locate(ctx, q)
	if err != nil {
		return aggregate.Encoded{}, nil, err
	}
	merged, outcomes := s.current.Ask(ctx, place, place.AnswerKey(), q.Directives)
	sources = append(sources, outcomes...)
	if merged == nil {
		return aggregate.Encoded{}, nil, &aggregate.NoAnswerError{Subject: "the weather of this place", Sources: sources}
	}
	form := 0
	if q.Units == Imperial {
		form = 1
	}
	data, err := merged.Encode(form, func(m *Merged) any { return Present(place, m, q.Units) })
	return data, sources, err
}

// Locate finds the place that q is about. sources has the geocoding where it was
// needed. The error is an *aggregate.NoAnswerError when the city is not known.
func (s *Service) Locate(ctx context.Context, q Query) (place Place, sources []aggregate.Outcome, err error) {
	if q.City == "" {
		return q.At, nil, nil
	}
	places, outcome, err := s.lookUp(ctx, PlaceQuery{Name: q.City, Country: q.Country, Count: 1}, q.Directives)
	if err != nil {
		return Place{}, nil, err
	}
	sources = []aggregate.Outcome{outcome}
	i := slices.IndexFunc(places, func(p Place) bool { return q.Country == "" || p.Country == q.Country })
	if i < 0 {
		return Place{}, nil, &aggregate.NoAnswerError{Subject: "this place", Sources: sources}
	}
	return places[i], sources, nil
}

// Places are up to limit places that match a name; none is an answer too.
func (s *Service) Places(ctx context.Context, name string, limit int, d upstream.Directives) ([]Place, aggregate.Outcome, error) {
	places, outcome, err := s.lookUp(ctx, PlaceQuery{Name: name, Count: mostPlaces}, d)
	switch {
	case err != nil:
		return nil, outcome, err
	case outcome.State == upstream.Failed:
		return nil, outcome, &aggregate.NoAnswerError{Subject: "places of this name", Sources: []aggregate.Outcome{outcome}}
	case outcome.State == upstream.Skipped: // it knows none
		outcome.Err, outcome.State = nil, upstream.Cached
		if outcome.Forward != upstream.NotForwarded {
			outcome.State = upstream.Live
		}
	}
	return places[:min(limit, len(places))], outcome, nil
}

// lookUp asks for the places of a name. A result that could not be read is left
// out, and the outcome's error says so beside its state.
func (s *Service) lookUp(ctx context.Context, q PlaceQuery, d upstream.Directives) ([]Place, aggregate.Outcome, error) {
	if s.geocoding == nil {
		return nil, aggregate.Outcome{}, ErrNoGeocoding
	}
	slot := aggregate.NewSlot(s.geocoding, q, d)
	aggregate.Gather(ctx, s.patience, &slot)
	outcome := slot.Outcome()
	outcome.Attribution = OpenMeteoAttribution
	found := slot.Answer.Value
	if found.LeftOut != "" && outcome.Err == nil { // a stale answer has an error already: why it is stale
		outcome.Err = upstream.Errorf(upstream.CodeInvalidResponse, "%s", found.LeftOut)
	}
	return found.Places, outcome, nil
}
