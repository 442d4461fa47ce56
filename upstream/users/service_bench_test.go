package users_test

import (
	"encoding/json"
	"testing"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/sim"
	"tributary/upstream/users"
	"tributary/upstream/weather"
)

// BenchmarkFreshUser measures a user whose parts are all fresh: the join alone, with a
// real weather service, and with encoding.
func BenchmarkFreshUser(b *testing.B) {
	fresh := cache.Lifetimes{FreshFor: time.Hour, StaleFor: time.Hour}
	joined := newBench(b, func(s *setup) { s.Lifetimes = fresh })
	withWeather := joined.Config
	up := open(b, sim.OpenMeteo, joined.sim.URL(sim.OpenMeteo), setup{Lifetimes: fresh})
	withWeather.Weather = users.FromWeather(weather.NewService(cache.NewStore(10), nil, time.Second,
		weather.Provider{Source: upstream.NewSource(up, weather.OpenMeteo())}))
	real := users.NewService(withWeather)

	for _, bm := range []struct {
		name    string
		service *users.Service
		include users.Include
		encode  bool
	}{
		{"alone", joined.Service, users.Include{}, false},
		{"with github and activity", joined.Service, users.Include{GitHub: true, Activity: true}, false},
		{"with everything", joined.Service, everything, false},
		{"with real weather", real, everything, false},
		{"with real weather, encoded", real, everything, true},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			ask := func() {
				p, _, err := bm.service.User(b.Context(), 1, bm.include, upstream.Directives{})
				if err == nil && bm.encode {
					_, err = json.Marshal(p)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			ask() // fills the cache
			for b.Loop() {
				ask()
			}
		})
	}
}
