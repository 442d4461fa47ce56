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

// ErrNoGeocoding is the error for a place name when geocoding is disabled,
// ErrNoProvider for weather when all providers are.
var (
	ErrNoGeocoding = fmt.Errorf("geocoding, which looks up names of places, is %w", aggregate.ErrSwitchedOff)
	ErrNoProvider  = fmt.Errorf("every weather provider is %w", aggregate.ErrSwitchedOff)
)

// mostPlaces is the number of places requested, whatever the caller's limit is, so
// that all limits share one cached answer.
const mostPlaces = 20

// Service finds places and merges their current weather. It is safe for concurrent
// use.
type Service struct {
	geocoding *upstream.Source[PlaceQuery, Found] // nil: disabled
	patience  time.Duration
	current   AtPlace[PackedReport, Merged]
}

// Provider is a source of reports with the attribution that its licence requires.
type Provider = aggregate.Provider[Place, PackedReport]

// NewService returns a service of these providers; their order decides ties. Once one
// provider has answered, the others are waited for no longer than patience. Merged
// results are cached in store.
func NewService(store *cache.Store, geocoding *upstream.Source[PlaceQuery, Found], patience time.Duration, providers ...Provider) *Service {
	s := &Service{geocoding: geocoding, patience: patience}
	s.current = AtPlace[PackedReport, Merged]{
		Subject:    "the weather of this place",
		NoProvider: ErrNoProvider,
		Locate:     s.Locate,
		Merger: aggregate.NewMerger(store, aggregate.MergerConfig[Place, PackedReport, Merged]{
			Providers: providers,
			Patience:  patience,
			At:        (*PackedReport).At,
			Own:       func(p *PackedReport) any { return p.Report() },
			Merge: func(_ Place, now time.Time, packed []*PackedReport) (*Merged, []bool) {
				reports := make([]*Report, len(packed))
				for i, p := range packed {
					if p != nil {
						reports[i] = p.Report()
					}
				}
				m := Merge(now, reports...)
				return m, m.Used
			},
		}),
		Present: func(place Place, m *Merged, q Query) any { return Present(place, m, q.Units) },
	}
	return s
}

// Current is the current weather, a Current in JSON, and the sources that it is
// from. The error is an *aggregate.NoAnswerError when no provider has any, or the
// city is not known.
func (s *Service) Current(ctx context.Context, q Query) (aggregate.Encoded, []aggregate.Outcome, error) {
	return s.current.Ask(ctx, q)
}

// CurrentAt is Current for many places at once; see AtPlace.AskMany.
func (s *Service) CurrentAt(ctx context.Context, q Query, places []Place) ([]Answer, error) {
	return s.current.AskMany(ctx, q, places)
}

// Locate returns the place of q. sources has the outcome of geocoding if it was
// needed. The error is an *aggregate.NoAnswerError if the city is not found.
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

// Places returns up to limit places that match a name; an empty list is valid.
func (s *Service) Places(ctx context.Context, name string, limit int, d upstream.Directives) ([]Place, aggregate.Outcome, error) {
	places, outcome, err := s.lookUp(ctx, PlaceQuery{Name: name, Count: mostPlaces}, d)
	switch {
	case err != nil:
		return nil, outcome, err
	case outcome.State == upstream.Failed:
		return nil, outcome, &aggregate.NoAnswerError{Subject: "places of this name", Sources: []aggregate.Outcome{outcome}}
	case outcome.State == upstream.Skipped: // no place has the name
		outcome.Err, outcome.State = nil, upstream.Cached
		if outcome.Forward != upstream.NotForwarded {
			outcome.State = upstream.Live
		}
	}
	return places[:min(limit, len(places))], outcome, nil
}

// lookUp returns the places of a name. Unreadable results are left out; then the
// outcome has an error although it has places.
func (s *Service) lookUp(ctx context.Context, q PlaceQuery, d upstream.Directives) ([]Place, aggregate.Outcome, error) {
	if s.geocoding == nil {
		return nil, aggregate.Outcome{}, ErrNoGeocoding
	}
	slot := aggregate.NewSlot(s.geocoding, q, d)
	aggregate.Gather(ctx, s.patience, &slot)
	outcome := slot.Outcome()
	outcome.Attribution = OpenMeteoAttribution
	found := slot.Answer.Value
	if found.LeftOut != "" && outcome.Err == nil { // keep the error of a stale answer, which says why it is stale
		outcome.Err = upstream.Errorf(upstream.CodeInvalidResponse, "%s", found.LeftOut)
	}
	return found.Places, outcome, nil
}
