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

// Service answers questions about the air. It is safe for concurrent use.
type Service struct {
	current weather.AtPlace[Report, Merged]
}

// NewService makes a service of these providers. Once one has answered, the others
// are waited for no longer than patience. Merged results are cached in store.
func NewService(store *cache.Store, locate weather.Locate, patience time.Duration, providers ...Provider) *Service {
	return &Service{weather.AtPlace[Report, Merged]{
		Subject:    "the air quality of this place",
		NoProvider: ErrNoProvider,
		Locate:     locate,
		Merger: aggregate.NewMerger(store, aggregate.MergerConfig[weather.Place, Report, Merged]{
			Providers: providers,
			Patience:  patience,
			Own:       func(r *Report) any { return r },
			Merge: func(_ weather.Place, _ time.Time, reports []*Report) (*Merged, []bool) {
				m := Merge(reports...)
				return m, m.Used
			},
		}),
		Present: func(place weather.Place, m *Merged, _ weather.Query) any { return Present(place, m) },
	}}
}

// Current is the air now, a Current in JSON, and the sources that it is from. The
// error is an *aggregate.NoAnswerError when no provider has any data, or the city
// is not known.
func (s *Service) Current(ctx context.Context, q weather.Query) (aggregate.Encoded, []aggregate.Outcome, error) {
	return s.current.Ask(ctx, q)
}

// CurrentAt is Current for many places at once; see weather.AtPlace.AskMany.
func (s *Service) CurrentAt(ctx context.Context, q weather.Query, places []weather.Place) ([]weather.Answer, error) {
	return s.current.AskMany(ctx, q, places)
}
