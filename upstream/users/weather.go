package users

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"tributary/upstream"
	"tributary/upstream/weather"
)

// WeatherAt returns the current weather of a place in metric units, and its
// sources. It returns when ctx is done at the latest.
type WeatherAt func(ctx context.Context, at weather.Place, w upstream.Wish) (weather.Current, []upstream.Outcome, error)

// FromWeather asks a weather service.
func FromWeather(s *weather.Service) WeatherAt {
	return func(ctx context.Context, at weather.Place, w upstream.Wish) (weather.Current, []upstream.Outcome, error) {
		answer, err := s.Current(ctx, weather.Query{At: at, Wish: w})
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

// weatherPart asks for the weather at the user's address.
type weatherPart struct {
	follower
	at       WeatherAt // nil: switched off
	wish     upstream.Wish
	patience time.Duration
	value    *weather.Current
	outcome  upstream.Outcome
}

// Now implements upstream.Part. We cannot tell whether the weather is cached. But
// it is the last part: if no other part has to be waited for, waiting here saves
// a goroutine.
func (p *weatherPart) Now(ctx context.Context, now time.Time) (done, held bool) {
	if !p.directory.settled() || p.directory.pending {
		return false, false
	}
	ctx, cancel := context.WithDeadline(ctx, now.Add(p.patience))
	defer cancel()
	p.Ask(ctx)
	return true, false
}

// Ask implements upstream.Part.
func (p *weatherPart) Ask(ctx context.Context) {
	place, asks := p.question()
	if !asks {
		return
	}
	start := time.Now()
	current, sources, err := p.at(ctx, place, p.wish)
	if err != nil {
		p.outcome.Provenance, p.outcome.Sources = noWeather(err)
	} else {
		current.Spread = weather.Spread{}
		p.value = &current
		p.outcome.Provenance, p.outcome.Attribution = used(sources)
		p.outcome.Sources = sources
	}
	if p.outcome.Asked {
		p.outcome.Latency = time.Since(start)
	}
}

// question is the place whose weather is asked for; false if none is.
func (p *weatherPart) question() (weather.Place, bool) {
	p.outcome = upstream.Outcome{Name: "weather", Provenance: upstream.Provenance{State: upstream.Skipped}}
	u := p.user()
	if u == nil || p.at == nil {
		return weather.Place{}, false
	}
	return u.place()
}

// used is the provenance of the weather by the sources that went into it, and
// their attributions. The part's own state does not depend on the other sources:
// they are listed under it.
func used(sources []upstream.Outcome) (p upstream.Provenance, attribution string) {
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
	return together(went[0], went[1:]...), strings.Join(credits, "; ")
}

// noWeather is why there is no weather, and what became of its sources: the part
// is skipped if nobody is asked, or if every source says that it does not know
// the place, and failed otherwise.
func noWeather(err error) (upstream.Provenance, []upstream.Outcome) {
	if errors.Is(err, weather.ErrNoProvider) {
		return upstream.Provenance{State: upstream.Skipped}, nil
	}
	var none *upstream.NoAnswerError
	if !errors.As(err, &none) || len(none.Sources) == 0 {
		return upstream.Provenance{State: upstream.Failed, Err: upstream.Errorf(upstream.CodeInvalidResponse, "the weather cannot be told")}, nil
	}
	all := make([]upstream.Provenance, len(none.Sources))
	for i, o := range none.Sources {
		all[i] = o.Provenance
	}
	return together(all[0], all[1:]...), none.Sources
}
