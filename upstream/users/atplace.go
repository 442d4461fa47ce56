package users

import (
	"context"
	"encoding/json"
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
	p.outcome = aggregate.Composite(p.name, sources, err)
	if err == nil {
		p.value = &value
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
