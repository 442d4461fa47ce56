// Package fuzz_test sends made-up requests to the whole API. It is apart from the other
// tests of package api because go test -fuzz compiles everything that a test imports
// anew, and those import a validator of OpenAPI documents, which takes minutes.
package fuzz_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tributary/api"
	"tributary/api/auth"
	"tributary/cache"
	"tributary/telemetry"
	"tributary/upstream"
	"tributary/upstream/air"
	"tributary/upstream/forecast"
	"tributary/upstream/sim"
	"tributary/upstream/upstreamtest"
	"tributary/upstream/users"
	"tributary/upstream/weather"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const writerKey = "writer-key"

// patience is never used up: the simulated upstreams answer at once.
const patience = 20 * time.Second

// newGateway returns the API over simulated upstreams. Its geocoder knows every name,
// in every country. The directory has users 1 to 10.
func newGateway(t testing.TB, changes ...func(*api.Config)) http.Handler {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	tel, err := telemetry.Setup(t.Context(), telemetry.Config{Env: func(string) string { return "" }, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	callers, err := auth.New(auth.Config{
		Keys:      []auth.Key{{Name: "writer", Scopes: []string{auth.UsersWrite}, Key: writerKey}},
		Anonymous: []string{auth.WeatherRead, auth.UsersRead},
		Logger:    log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(callers.Close)
	weather, forecast, air, users := newServices(t)
	cfg := api.Config{
		Auth: callers, Weather: weather, Forecast: forecast, Air: air, Users: users,
		Status: func() api.Status { return api.Status{} }, Ready: func() bool { return true },
		Telemetry: tel, Logger: log, RequestTimeout: patience, PublicReads: true,
	}
	for _, change := range changes {
		change(&cfg)
	}
	return api.New(cfg)
}

func newServices(t testing.TB) (*weather.Service, *forecast.Service, *air.Service, *users.Service) {
	t.Helper()
	s, err := sim.Start(t.Context(), sim.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	open := func(name string) *upstream.Upstream {
		return upstreamtest.Open(t, name, s.URL(name), upstream.Config{UserAgent: "tributary/test"})
	}
	geocoding := upstreamtest.Open(t, sim.Geocoding, "http://geocoding.test", upstream.Config{Transport: upstreamtest.NewFake(everyPlace)})
	store := cache.NewStore(1000)
	openmeteo := open(sim.OpenMeteo)
	w := weather.NewService(store, upstream.NewSource(geocoding, weather.Geocoding()), patience,
		weather.Provider{Source: upstream.NewSource(openmeteo, weather.OpenMeteo())})
	f := forecast.NewService(store, w.Locate, patience, forecast.Provider{Source: upstream.NewSource(openmeteo, weather.OpenMeteoForecast())})
	a := air.NewService(store, w.Locate, patience, air.Provider{Source: upstream.NewSource(open(sim.OpenMeteoAir), air.OpenMeteo())})
	return w, f, a, users.NewService(users.Config{
		Directory: open(sim.Directory), GitHub: open(sim.GitHub),
		Weather: users.FromWeather(w), AirQuality: users.AtPlace(a.Current, (*air.Current).OmitSpread),
		Patience: patience, LinkByUsername: true,
	})
}

// everyPlace finds Delhi in the requested country, whose code must be in capitals.
func everyPlace(r *http.Request) (*http.Response, error) {
	country := r.URL.Query().Get("countryCode")
	if country != strings.ToUpper(country) {
		return upstreamtest.Answers(http.StatusOK, `{}`)(r)
	}
	return upstreamtest.JSON(map[string]any{"results": []any{
		map[string]any{"name": "Delhi", "latitude": 28.65, "longitude": 77.23, "country_code": country},
	}})(r)
}
