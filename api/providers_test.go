package api_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/forecast"
	"tributary/upstream/sim"
	"tributary/upstream/weather"
)

// simulated makes the gateway call simulated providers with their real formats.
func simulated(t *testing.T) (*sim.Simulator, *gateway) {
	t.Helper()
	simulator, err := sim.Start(t.Context(), sim.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := simulator.Close(); err != nil {
			t.Error(err)
		}
	})
	store := cache.NewStore(1000)
	open := func(name string) *upstream.Upstream {
		base, err := url.Parse(simulator.URL(name))
		if err != nil {
			t.Fatal(err)
		}
		up := upstream.New(upstream.Config{
			Name: name, BaseURL: base, UserAgent: "tributary/test https://example.com", Store: store, Logger: slog.New(slog.DiscardHandler),
			Credentials: func(r *http.Request) {
				if name == sim.OpenWeather {
					r.URL.RawQuery += "&appid=test"
				}
			},
			Policies: upstream.Policies{
				Timeout: 2 * time.Second, MaxConcurrent: 64,
				Breaker: upstream.Breaker{FailureRate: 0.5, MinCalls: 20, Window: 10 * time.Second, Delay: 5 * time.Second},
			},
			Lifetimes:   cache.Lifetimes{FreshFor: 10 * time.Minute, RevalidateFor: 10 * time.Minute, StaleFor: 24 * time.Hour},
			FetchBudget: 4 * time.Second,
		})
		t.Cleanup(up.Close)
		return up
	}
	openmeteo, metno, openweather := open(sim.OpenMeteo), upstream.NewSource(open(sim.MetNorway), weather.METNorway()), open(sim.OpenWeather)
	service := weather.NewService(store, upstream.NewSource(open(sim.Geocoding), weather.Geocoding()), time.Minute, // patience never ends before an answer
		weather.Provider{Source: upstream.NewSource(openmeteo, weather.OpenMeteo()), Attribution: weather.OpenMeteoAttribution},
		weather.Provider{Source: metno, Attribution: weather.METNorwayAttribution},
		weather.Provider{Source: upstream.NewSource(openweather, weather.OpenWeather())},
	)
	ahead := forecast.NewService(store, service.Locate, time.Minute,
		forecast.Provider{Source: upstream.NewSource(openmeteo, weather.OpenMeteoForecast()), Attribution: weather.OpenMeteoAttribution},
		forecast.Provider{Source: weather.ForecastIn(metno), Attribution: weather.METNorwayAttribution},
		forecast.Provider{Source: upstream.NewSource(openweather, weather.OpenWeatherForecast())},
	)
	return simulator, newGateway(t, func(s *setup) { s.Weather, s.Forecast = service, ahead })
}

func TestUnitsShareTheirCalls(t *testing.T) {
	simulator, g := simulated(t)
	metric := g.get("/v1/weather?city=Delhi&country=IN")
	imperial := g.get("/v1/weather?city=Delhi&country=IN&units=imperial")
	for _, name := range []string{sim.Geocoding, sim.OpenMeteo, sim.MetNorway, sim.OpenWeather} {
		metric.wantState(name, "live", "")
		imperial.wantState(name, "cached", "")
		if n := simulator.Calls(name); n != 1 {
			t.Errorf("%s was asked %d times, want once for both systems of units", name, n)
		}
	}
	m, i := metric.weather().Data, imperial.weather().Data
	if difference := *m.Temperature*9/5 + 32 - *i.Temperature; difference > 0.15 || difference < -0.15 { // both are rounded
		t.Errorf("%v °C and %v °F are not the same", *m.Temperature, *i.Temperature)
	}
	if m.Place != i.Place || m.Place.Name != "Delhi" || m.Place.Country != "IN" {
		t.Errorf("places %+v and %+v, want Delhi, IN twice", m.Place, i.Place)
	}
}

func TestPlacesOfTheWorld(t *testing.T) {
	_, g := simulated(t)
	for _, query := range []string{
		"city=Delhi", "city=%E0%A4%A6%E0%A4%BF%E0%A4%B2%E0%A5%8D%E0%A4%B2%E0%A5%80", "city=Z%C3%BCrich&country=ch", "city=Place-77", "city=Longyearbyen&units=imperial",
		"lat=90&lon=0", "lat=-90&lon=180", "lat=0&lon=-180", "lat=69.65&lon=18.96", "lat=-54.8&lon=-68.3&units=imperial", "lat=35.68&lon=51.42",
	} {
		a := g.get("/v1/weather?" + query) // which is checked against openapi.yaml
		if got := a.weather().Meta.Status; got != "complete" {
			t.Errorf("%s: %s, want complete: %s", a.call, got, a.body)
		}
	}
	g.get("/v1/weather?city=Nowhere-at-all").problem(http.StatusNotFound, "not_found")
	g.get("/v1/weather?city=Delhi&country=US").problem(http.StatusNotFound, "not_found")
	if got := g.get("/v1/places?q=Springfield&limit=20").places().Data; len(got) != 3 || *got[0].Population < *got[2].Population {
		t.Errorf("Springfields = %+v, want three, the greatest first", got)
	}
}

func TestProvidersThatMisbehave(t *testing.T) {
	simulator, g := simulated(t)
	fault := func(name string, f sim.Fault) {
		t.Helper()
		if err := simulator.SetFault(name, f); err != nil {
			t.Fatal(err)
		}
	}
	fault(sim.OpenMeteo, sim.Fault{Mode: sim.ModeGarbage})
	fault(sim.MetNorway, sim.Fault{Mode: sim.ModeDown})
	fault(sim.OpenWeather, sim.Fault{ErrorRate: 1, Status: http.StatusUnauthorized})
	a := g.get(here)
	a.problem(http.StatusBadGateway, "all_sources_failed")
	a.wantState(sim.OpenMeteo, "failed", "invalid_response")
	a.wantState(sim.MetNorway, "failed", "connection")
	a.wantState(sim.OpenWeather, "failed", "unauthorized")

	fault(sim.OpenMeteo, sim.Fault{})
	b := g.get(here)
	b.wantState(sim.OpenMeteo, "live", "")
	if got := b.weather().Meta.Status; got != "degraded" {
		t.Errorf("meta.status = %s, want degraded", got)
	}
	for _, a := range []*answer{a, b} {
		if text := string(a.body); strings.Contains(text, "appid") || strings.Contains(text, "127.0.0.1") {
			t.Errorf("%s contains an upstream's address or query: %s", a.call, text)
		}
	}
}
