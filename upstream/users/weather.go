package users

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// WeatherAt returns the current weather of a place in metric units, and its sources.
// It must return when ctx is done.
type WeatherAt func(ctx context.Context, at weather.Place, d upstream.Directives) (weather.Current, []aggregate.Outcome, error)

// FromWeather returns a WeatherAt of a weather service.
func FromWeather(s *weather.Service) WeatherAt {
	return func(ctx context.Context, at weather.Place, d upstream.Directives) (weather.Current, []aggregate.Outcome, error) {
		answer, err := s.Current(ctx, weather.Query{At: at, Directives: d})
		if err != nil {
			return weather.Current{}, nil, err
		}
		data, err := answer.Data(weather.Metric)
		if err != nil {
			return weather.Current{}, nil, err
		}
		var current weather.Current
		err = json.Unmarshal(data.JSON, &current)
		return current, answer.Sources, err
	}
}

// weatherPart is the weather at the user's address.
type weatherPart struct {
	user       func() *User
	at         WeatherAt // nil: disabled
	directives upstream.Directives
	value      *weather.Current
	outcome    aggregate.Outcome
}

// Now implements aggregate.Part. We cannot tell whether the weather is cached.
func (p *weatherPart) Now(context.Context, time.Time) (done, held bool) { return false, false }

// Ask implements aggregate.Part.
func (p *weatherPart) Ask(ctx context.Context) {
	place, ok := p.place()
	if !ok {
		return
	}
	start := time.Now()
	current, sources, err := p.at(ctx, place, p.directives)
	if err != nil {
		p.outcome.Provenance, p.outcome.Sources = noWeather(err)
	} else {
		current.Spread = weather.Spread{}
		p.value = &current
		p.outcome.Provenance, p.outcome.Attribution = used(sources)
		p.outcome.Sources = sources
	}
	if p.outcome.Forward != upstream.NotForwarded {
		p.outcome.Latency = time.Since(start)
	}
}

// place returns the place of the weather; ok is false if there is none to ask for.
func (p *weatherPart) place() (_ weather.Place, ok bool) {
	p.outcome = aggregate.Outcome{Name: "weather", Provenance: upstream.Provenance{State: upstream.Skipped}}
	if p.at == nil {
		return weather.Place{}, false
	}
	return p.user().place()
}

// Useful implements aggregate.Part.
func (p *weatherPart) Useful() bool { return p.outcome.Useful() }

// used combines the provenance and attributions of the sources that were used for the
// weather. Sources that were not used do not change the part's state; they are only
// listed.
func used(sources []aggregate.Outcome) (p upstream.Provenance, attribution string) {
	var (
		went    []upstream.Provenance
		credits []string
	)
	for _, o := range sources {
		if !o.Useful() || o.Unused {
			continue
		}
		went = append(went, o.Provenance)
		if o.Attribution != "" && !slices.Contains(credits, o.Attribution) {
			credits = append(credits, o.Attribution)
		}
	}
	if len(went) == 0 {
		return upstream.Provenance{State: upstream.Live}, ""
	}
	return aggregate.Together(went[0], went[1:]...), strings.Join(credits, "; ")
}

// noWeather returns the provenance of missing weather and the outcomes of its sources.
// The part is skipped if no provider is enabled or none knows the place, and failed
// otherwise.
func noWeather(err error) (upstream.Provenance, []aggregate.Outcome) {
	if errors.Is(err, weather.ErrNoProvider) {
		return upstream.Provenance{State: upstream.Skipped}, nil
	}
	var none *aggregate.NoAnswerError
	if !errors.As(err, &none) || len(none.Sources) == 0 {
		return upstream.Provenance{State: upstream.Failed, Err: upstream.Errorf(upstream.CodeInvalidResponse, "the weather cannot be told")}, nil
	}
	all := make([]upstream.Provenance, len(none.Sources))
	for i, o := range none.Sources {
		all[i] = o.Provenance
	}
	return aggregate.Together(all[0], all[1:]...), none.Sources
}
