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

// At returns what is known about a place, and its sources. It returns when ctx is
// done at the latest.
type At[T any] func(ctx context.Context, at weather.Place, d upstream.Directives) (T, []aggregate.Outcome, error)

// FromWeather asks a weather service, in metric units and without spread.
func FromWeather(s *weather.Service) At[weather.Current] {
	return AtPlace(s.Current, func(c *weather.Current) { c.Spread = weather.Spread{} })
}

// AtPlace asks a service for JSON and decodes it. trim removes what is not shown
// in a user.
func AtPlace[T any](ask weather.Ask, trim func(*T)) At[T] {
	return func(ctx context.Context, at weather.Place, d upstream.Directives) (value T, sources []aggregate.Outcome, err error) {
		data, sources, err := ask(ctx, weather.Query{At: at, Directives: d})
		if err != nil {
			return value, nil, err
		}
		err = json.Unmarshal(data.JSON, &value)
		trim(&value)
		return value, sources, err
	}
}

// placePart asks about the place at the user's address.
type placePart[T any] struct {
	name       string
	user       func() *User
	at         At[T] // nil: switched off
	directives upstream.Directives
	value      *T
	outcome    aggregate.Outcome
}

func newPlacePart[T any](name string, at At[T], user func() *User, d upstream.Directives) *placePart[T] {
	return &placePart[T]{name: name, user: user, at: at, directives: d}
}

// Now implements aggregate.Part. We cannot tell whether the answer is cached.
func (p *placePart[T]) Now(context.Context, time.Time) (done, held bool) { return false, false }

// Ask implements aggregate.Part.
func (p *placePart[T]) Ask(ctx context.Context) {
	place, ok := p.place()
	if !ok {
		return
	}
	start := time.Now()
	value, sources, err := p.at(ctx, place, p.directives)
	if err != nil {
		p.outcome.Provenance, p.outcome.Sources = withoutValue(err)
	} else {
		p.value = &value
		p.outcome.Provenance, p.outcome.Attribution = used(sources)
		p.outcome.Sources = sources
	}
	if p.outcome.Forward != upstream.NotForwarded {
		p.outcome.Latency = time.Since(start)
	}
}

// place returns the place to ask about; ok is false if the part is skipped.
func (p *placePart[T]) place() (_ weather.Place, ok bool) {
	p.outcome = aggregate.Outcome{Name: p.name, Provenance: upstream.Provenance{State: upstream.Skipped}}
	if p.at == nil {
		return weather.Place{}, false
	}
	return p.user().place()
}

// Useful implements aggregate.Part.
func (p *placePart[T]) Useful() bool { return p.outcome.Useful() }

// used is the provenance of a part by the sources that went into it, and their
// attributions. The part's own state does not depend on the other sources:
// they are listed under it.
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

// withoutValue is why a part has no value, and what became of its sources: it is
// skipped if nobody is asked, or if every source says that it does not know the
// place, and failed otherwise.
func withoutValue(err error) (upstream.Provenance, []aggregate.Outcome) {
	if errors.Is(err, aggregate.ErrSwitchedOff) {
		return upstream.Provenance{State: upstream.Skipped}, nil
	}
	var none *aggregate.NoAnswerError
	if !errors.As(err, &none) || len(none.Sources) == 0 {
		return upstream.Provenance{State: upstream.Failed, Err: upstream.Errorf(upstream.CodeInvalidResponse, "its answer cannot be read")}, nil
	}
	all := make([]upstream.Provenance, len(none.Sources))
	for i, o := range none.Sources {
		all[i] = o.Provenance
	}
	return aggregate.Together(all[0], all[1:]...), none.Sources
}
