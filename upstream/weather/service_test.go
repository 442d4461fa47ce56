package weather_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/sim"
	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

// bench is a service whose upstreams are simulated.
type bench struct {
	sim   *sim.Simulator
	store *cache.Store
	*weather.Service
}

func newBench(t *testing.T) bench {
	t.Helper()
	s, err := sim.Start(t.Context(), sim.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := bench{sim: s, store: cache.NewStore(1000)}
	open := func(name string) *upstream.Upstream { return b.open(t, name) }
	b.Service = weather.NewService(b.store,
		upstream.NewSource(open(sim.Geocoding), weather.Geocoding()), 200*time.Millisecond,
		weather.Provider{Source: upstream.NewSource(open(sim.OpenMeteo), weather.OpenMeteo()), Attribution: weather.OpenMeteoAttribution},
		weather.Provider{Source: upstream.NewSource(open(sim.MetNorway), weather.METNorway()), Attribution: weather.METNorwayAttribution},
		weather.Provider{Source: upstream.NewSource(open(sim.OpenWeather), weather.OpenWeather())})
	return b
}

func (b bench) open(t *testing.T, name string) *upstream.Upstream {
	t.Helper()
	return upstreamtest.Open(t, name, b.sim.URL(name), upstream.Config{
		UserAgent: "tributary/test ops@example.com", Store: b.store,
		Credentials: func(r *http.Request) {
			if name == sim.OpenWeather {
				r.URL.RawQuery += "&appid=key"
			}
		},
	})
}

func TestCurrent(t *testing.T) {
	t.Run("merges the reports of all providers for a city", func(t *testing.T) {
		b := newBench(t)
		_, sources, err := b.Current(t.Context(), weather.Query{City: "delhi", Country: "IN"})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range sources {
			names = append(names, s.Name+" "+string(s.State))
		}
		if want := []string{"geocoding live", "openmeteo live", "metno live", "openweather live"}; !slices.Equal(names, want) {
			t.Errorf("sources = %q, want %q", names, want)
		}
	})
	t.Run("reuses the merged and encoded result while reports stay the same", func(t *testing.T) {
		b := newBench(t)
		data := func(u weather.Units) aggregate.Encoded {
			t.Helper()
			e, _, err := b.Current(t.Context(), weather.Query{At: weather.NewPlace(28.65, 77.23), Units: u})
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		first, second := data(weather.Metric), data(weather.Metric)
		if &first.JSON[0] != &second.JSON[0] {
			t.Error("data was encoded twice, want the same bytes")
		}
		if imperial := data(weather.Imperial); imperial.Tag == first.Tag {
			t.Errorf("°F and °C have the same tag: %s", first.Tag)
		}
		if calls := b.sim.Calls(sim.OpenMeteo); calls != 1 {
			t.Errorf("calls to openmeteo = %d, want 1 for all units", calls)
		}
	})
	t.Run("does not wait for a provider that hangs, when others have answered", func(t *testing.T) {
		b := newBench(t)
		if err := b.sim.SetFault(sim.MetNorway, sim.Fault{Mode: sim.ModeHang}); err != nil {
			t.Fatal(err)
		}
		_, sources, err := b.Current(t.Context(), weather.Query{At: weather.NewPlace(60, 10)})
		if err != nil {
			t.Fatal(err)
		}
		if s := sources[1]; s.Name != "metno" || s.State != upstream.Failed || s.Err.Code != upstream.CodeTimeout {
			t.Errorf("metno = %+v, want failed with timeout", s)
		}
	})
	t.Run("fails if a city is not known", func(t *testing.T) {
		for _, q := range []weather.Query{{City: "Nowhereville"}, {City: "Delhi", Country: "NO"}} {
			_, _, err := newBench(t).Current(t.Context(), q)
			var none *aggregate.NoAnswerError
			if !errors.As(err, &none) || !none.NotFound() {
				t.Errorf("Current(%+v) = %v, want that it is not found", q, err)
			}
		}
	})
	t.Run("fails if no provider answers", func(t *testing.T) {
		b := newBench(t)
		for _, p := range []string{sim.OpenMeteo, sim.MetNorway, sim.OpenWeather} {
			if err := b.sim.SetFault(p, sim.Fault{ErrorRate: 1}); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err := b.Current(t.Context(), weather.Query{At: weather.NewPlace(60, 10)})
		var none *aggregate.NoAnswerError
		if !errors.As(err, &none) || none.NotFound() || len(none.Sources) != 3 {
			t.Errorf("Current = %v, want an error with three sources that failed", err)
		}
	})
	t.Run("fails without a provider, and for names without a geocoder", func(t *testing.T) {
		b := newBench(t)
		if _, _, err := weather.NewService(b.store, nil, time.Second).Current(t.Context(), weather.Query{City: "Delhi"}); !errors.Is(err, weather.ErrNoProvider) {
			t.Errorf("without providers: %v, want ErrNoProvider", err)
		}
		deaf := weather.NewService(b.store, nil, time.Second, weather.Provider{Source: upstream.NewSource(b.open(t, sim.OpenMeteo), weather.OpenMeteo())})
		if _, _, err := deaf.Current(t.Context(), weather.Query{City: "Delhi"}); !errors.Is(err, weather.ErrNoGeocoding) {
			t.Errorf("without a geocoder: %v, want ErrNoGeocoding", err)
		}
		if _, _, err := deaf.Places(t.Context(), "Delhi", 5, upstream.Directives{}); !errors.Is(err, weather.ErrNoGeocoding) {
			t.Errorf("places without a geocoder: %v, want ErrNoGeocoding", err)
		}
	})
}

func TestPlaces(t *testing.T) {
	b := newBench(t)
	for _, tt := range []struct {
		name  string
		limit int
		want  int
		state upstream.State
	}{
		{"Paris", 1, 1, upstream.Live},
		{"paris", 20, 2, upstream.Cached}, // any limit, any case: one answer
		{"Nowhereville", 5, 0, upstream.Live},
		{"Nowhereville", 5, 0, upstream.Cached},
	} {
		places, outcome, err := b.Places(t.Context(), tt.name, tt.limit, upstream.Directives{})
		if err != nil || len(places) != tt.want || outcome.State != tt.state || outcome.Err != nil {
			t.Errorf("Places(%s, %d) = %d places, %s, %v, %v; want %d, %s and no error", tt.name, tt.limit, len(places), outcome.State, outcome.Err, err, tt.want, tt.state)
		}
	}
	if err := b.sim.SetFault(sim.Geocoding, sim.Fault{ErrorRate: 1}); err != nil {
		t.Fatal(err)
	}
	_, _, err := b.Places(t.Context(), "Oslo", 5, upstream.Directives{})
	var none *aggregate.NoAnswerError
	if !errors.As(err, &none) {
		t.Errorf("Places while the geocoder is down: %v, want a NoAnswerError", err)
	}
}
