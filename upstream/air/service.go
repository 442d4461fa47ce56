package air

import (
	"context"
	"fmt"
	"time"

	"tributary/cache"
	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// ErrNoProvider is returned when every provider is switched off.
var ErrNoProvider = fmt.Errorf("every provider of air quality is %w", aggregate.ErrSwitchedOff)

// Provider is one source of reports, and the attribution that its licence requires.
type Provider = aggregate.Provider[weather.Place, Report]

// Locate finds the place that a query is about, as weather.Service does.
type Locate func(ctx context.Context, q weather.Query) (weather.Place, []aggregate.Outcome, error)

// Service answers questions about the air. It is safe for concurrent use.
type Service struct {
	locate  Locate
	current *aggregate.Merger[weather.Place, Report, Merged]
}

// NewService makes a service of these providers. Once one has answered, the others
// are waited for no longer than patience. Merges are kept in store, beside the
// answers they are made of.
func NewService(store *cache.Store, locate Locate, patience time.Duration, providers ...Provider) *Service {
	return &Service{
		locate: locate,
		current: aggregate.NewMerger(store, aggregate.MergerConfig[weather.Place, Report, Merged]{
			Providers: providers,
			Patience:  patience,
			Merge: func(_ time.Time, reports []*Report) (*Merged, []bool) {
				m := Merge(reports...)
				return m, m.Used
			},
		}),
	}
}

// Current is the air now, a Current in JSON, and the sources that it is from. The
// error is an *aggregate.NoAnswerError when no provider has any data, or the city
// is not known.
func (s *Service) Current(ctx context.Context, q weather.Query) (aggregate.Encoded, []aggregate.Outcome, error) {
	if len(s.current.Providers) == 0 {
		return aggregate.Encoded{}, nil, ErrNoProvider
	}
	place, sources, err := s.locate(ctx, q)
	if err != nil {
		return aggregate.Encoded{}, nil, err
	}
	merged, outcomes := s.current.Ask(ctx, place, place.AnswerKey(), q.Directives)
	sources = append(sources, outcomes...)
	if merged == nil {
		return aggregate.Encoded{}, nil, &aggregate.NoAnswerError{Subject: "the air quality of this place", Sources: sources}
	}
	data, err := merged.Encode(0, func(m *Merged) any { return Present(place, m) })
	return data, sources, err
}
