package forecast

import (
	"context"
	"fmt"
	"time"

	"tributary/cache"
	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// ErrNoProvider is returned when every provider is switched off.
var ErrNoProvider = fmt.Errorf("every provider of forecasts is %w", aggregate.ErrSwitchedOff)

// Provider is one source of forecasts, and the attribution that its licence requires.
type Provider = aggregate.Provider[weather.Place, weather.PackedSeries]

// Service answers questions about the weather to come. It is safe for concurrent use.
type Service struct {
	forecast weather.AtPlace[weather.PackedSeries, Merged]
}

// mergedFor is how long a merge is that of now: time zones are multiples of 15 minutes
// from UTC, so a new day begins at one of them, as a new hour does.
const mergedFor = 15 * time.Minute

// NewService makes a service of these providers; their order decides ties. Once one has
// answered, the others are waited for no longer than patience. Merged results are cached
// in store.
func NewService(store *cache.Store, locate weather.Locate, patience time.Duration, providers ...Provider) *Service {
	names := make([]string, len(providers))
	for i, p := range providers {
		names[i] = p.Source.Name()
	}
	return &Service{weather.AtPlace[weather.PackedSeries, Merged]{
		Subject:    "the forecast for this place",
		NoProvider: ErrNoProvider,
		Locate:     locate,
		Merger: aggregate.NewMerger(store, aggregate.MergerConfig[weather.Place, weather.PackedSeries, Merged]{
			Providers: providers,
			Patience:  patience,
			Merge: func(place weather.Place, now time.Time, packed []*weather.PackedSeries) (*Merged, []bool) {
				all := make([]*weather.Series, len(packed))
				for i, p := range packed {
					if p != nil {
						all[i] = p.Series()
					}
				}
				m := Merge(place, now, all...)
				return m, m.Used
			},
			Forms: 4 * (mostDays + 1),
		}),
		Present: func(place weather.Place, m *Merged, q weather.Query) any { return Present(place, m, q, names) },
		Form: func(q weather.Query) int {
			form := 4 * min(max(q.Days, 1), mostDays)
			if q.Hourly {
				form += 2
			}
			if q.Units == weather.Imperial {
				form++
			}
			return form
		},
		Key: func(place weather.Place, now time.Time) string {
			return fmt.Sprint(place.AnswerKey(), " ", now.Truncate(mergedFor).Unix())
		},
	}}
}

// Ask is the forecast, a Forecast in JSON, and the sources that it is from. The error is
// an *aggregate.NoAnswerError when no provider has one, or the city is not known.
func (s *Service) Ask(ctx context.Context, q weather.Query) (aggregate.Encoded, []aggregate.Outcome, error) {
	return s.forecast.Ask(ctx, q)
}

// AskMany is Ask for many places at once; see weather.AtPlace.AskMany.
func (s *Service) AskMany(ctx context.Context, q weather.Query, places []weather.Place) ([]weather.Answer, error) {
	return s.forecast.AskMany(ctx, q, places)
}
