package weather

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"tributary/cache"
	"tributary/upstream"
)

// ErrNoGeocoding is returned for names of places when geocoding is switched off,
// ErrNoProvider for weather when every provider is.
var (
	ErrNoGeocoding = errors.New("geocoding, which looks up names of places, is switched off")
	ErrNoProvider  = errors.New("every weather provider is switched off")
)

// mostPlaces is how many places are asked for at once, whatever a caller's
// limit is, so that all limits share an answer.
const mostPlaces = 20

// mergedFor is how long a merge is kept for reports that do not change.
const mergedFor = time.Hour

// Service answers questions about places and their weather. It is safe for
// concurrent use.
type Service struct {
	geocoding *upstream.Source[PlaceQuery, Found] // nil: switched off
	providers []Provider
	patience  time.Duration
	merges    *cache.Memory
}

// Provider is one source of reports, and the attribution that its licence requires.
type Provider struct {
	Source      *upstream.Source[Place, *Report]
	Attribution string
}

// NewService makes a service of these providers, in the order that decides ties.
// Once one provider has answered, the others are waited for no longer than
// patience. Merges are kept in store, beside the answers they are made of.
func NewService(store *cache.Store, geocoding *upstream.Source[PlaceQuery, Found], patience time.Duration, providers ...Provider) *Service {
	return &Service{geocoding: geocoding, providers: providers, patience: patience, merges: store.NewMemory()}
}

// Query asks for the weather of a city, in a country or anywhere, or where
// City is empty for the weather of the place At.
type Query struct {
	City    string
	Country string
	At      Place
	Wish    upstream.Wish
}

// Weather is the current weather of a place, and the sources that it is from.
type Weather struct {
	*merge
	Sources []upstream.Outcome
}

// Current is the current weather. The error is an *upstream.NoAnswerError when
// no provider has any, or the city is not known.
func (s *Service) Current(ctx context.Context, q Query) (Weather, error) {
	if len(s.providers) == 0 {
		return Weather{}, ErrNoProvider
	}
	sources := make([]upstream.Outcome, 0, 1+len(s.providers))
	place := q.At
	if q.City != "" {
		places, outcome, err := s.lookUp(ctx, PlaceQuery{Name: q.City, Country: q.Country, Count: 1}, q.Wish)
		if err != nil {
			return Weather{}, err
		}
		sources = append(sources, outcome)
		i := slices.IndexFunc(places, func(p Place) bool { return q.Country == "" || p.Country == q.Country })
		if i < 0 {
			return Weather{}, &upstream.NoAnswerError{Subject: "this place", Sources: sources}
		}
		place = places[i]
	}

	slots := make([]upstream.Slot[Place, *Report], len(s.providers))
	parts := make([]upstream.Part, len(slots))
	for i, p := range s.providers {
		slots[i] = p.Source.Slot(place, q.Wish)
		parts[i] = &slots[i]
	}
	upstream.Gather(ctx, s.patience, parts...)

	now := time.Now()
	reports := make([]*Report, len(slots))
	for i := range slots {
		if slots[i].Useful() {
			reports[i] = slots[i].Answer.Value.At(now)
		}
	}
	m := s.merge(place, reports, now)
	for i, p := range s.providers {
		sources = append(sources, upstream.Outcome{
			Name:        p.Source.Name(),
			Attribution: p.Attribution,
			Unused:      reports[i] != nil && !m.merged.Used[i],
			Provenance:  slots[i].Answer.Provenance,
		})
	}
	if m == nil {
		return Weather{}, &upstream.NoAnswerError{Subject: "the weather of this place", Sources: sources}
	}
	return Weather{merge: m, Sources: sources}, nil
}

// Places are up to limit places that match a name; none is an answer too.
func (s *Service) Places(ctx context.Context, name string, limit int, w upstream.Wish) ([]Place, upstream.Outcome, error) {
	places, outcome, err := s.lookUp(ctx, PlaceQuery{Name: name, Count: mostPlaces}, w)
	switch {
	case err != nil:
		return nil, outcome, err
	case outcome.State == upstream.Failed:
		return nil, outcome, &upstream.NoAnswerError{Subject: "places of this name", Sources: []upstream.Outcome{outcome}}
	case outcome.State == upstream.Skipped: // it knows none
		outcome.Err, outcome.State = nil, upstream.Cached
		if outcome.Asked {
			outcome.State = upstream.Live
		}
	}
	return places[:min(limit, len(places))], outcome, nil
}

// lookUp asks for the places of a name. A result that could not be read is left
// out, and the outcome's error says so beside its state.
func (s *Service) lookUp(ctx context.Context, q PlaceQuery, w upstream.Wish) ([]Place, upstream.Outcome, error) {
	if s.geocoding == nil {
		return nil, upstream.Outcome{}, ErrNoGeocoding
	}
	slot := s.geocoding.Slot(q, w)
	upstream.Gather(ctx, s.patience, &slot)
	outcome := upstream.Outcome{Name: s.geocoding.Name(), Attribution: OpenMeteoAttribution, Provenance: slot.Answer.Provenance}
	found := slot.Answer.Value
	if found.LeftOut != "" && outcome.Err == nil { // a stale answer has an error already: why it is stale
		outcome.Err = upstream.Errorf(upstream.CodeInvalidResponse, "%s", found.LeftOut)
	}
	return found.Places, outcome, nil
}

// merge is the result of merging reports, kept with its encodings for as long as
// the reports stay the same: a request that memory can answer merges and encodes
// nothing.
type merge struct {
	place   Place
	reports []*Report
	merged  *Merged
	encoded [2]atomic.Pointer[Encoded]
}

// Encoded is JSON, and a tag that changes with it.
type Encoded struct {
	JSON []byte
	Tag  string
}

// merge is nil when no report is.
func (s *Service) merge(place Place, reports []*Report, now time.Time) *merge {
	key := place.Key()
	if place.Name != "" { // the same coordinates, but told by name
		key += " " + place.Country + " " + place.Name
	}
	if e := s.merges.Get(key); e != nil {
		if m := e.Value.(*merge); slices.Equal(m.reports, reports) {
			return m
		}
	}
	merged := Merge(now, reports...)
	if merged == nil {
		return nil
	}
	m := &merge{place: place, reports: reports, merged: merged}
	s.merges.Set(key, &cache.Entry{Value: m, StoredAt: now, Spans: cache.For(now, mergedFor)})
	return m
}

// Data is the JSON of the weather in these units.
func (m *merge) Data(u Units) (Encoded, error) {
	slot := &m.encoded[0]
	if u == Imperial {
		slot = &m.encoded[1]
	}
	if e := slot.Load(); e != nil {
		return *e, nil
	}
	body, err := json.Marshal(Present(m.place, m.merged, u))
	if err != nil {
		return Encoded{}, err
	}
	e := &Encoded{JSON: body, Tag: Tag(body)}
	slot.Store(e)
	return *e, nil
}

// Tag is a short hash of a body, the same on every replica.
func Tag(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}
