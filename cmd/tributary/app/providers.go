package app

import (
	"net/http"
	"strings"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/air"
	"tributary/upstream/weather"
)

// provider describes one upstream: the defaults of its variables, its limits, and
// what its terms require of callers.
type provider struct {
	name string // of the source; in upper case, the prefix of its variables
	host string // of the public service

	quota        rates           // what the provider publishes; nil: no limit
	quotaWithKey rates           // for callers with a credential; nil: the same as quota
	concurrency  int             // calls in flight that host allows; 0: the default
	lifetimes    cache.Lifetimes // zero: the default

	// credential is sent if its variable is set. Providers may share a variable.
	credential credential

	// contact adds a variable NAME_CONTACT, which is sent in the User-Agent.
	contact bool

	// needs is the variable that must be set for the provider to be enabled, because it
	// refuses calls without. Empty: none.
	needs string

	// personal: the answers are about people. One that must be revalidated before each
	// use is then served as stale only if the operator sets NAME_STALE_FOR.
	personal bool

	weather  *placeSource[weather.PackedReport] // nil: not a source of current weather
	forecast *placeSource[weather.PackedSeries] // nil: not a source of forecasts
	air      *placeSource[air.Report]           // nil: not a source of air quality
}

// placeSource is a provider's source of reports about places.
type placeSource[R any] struct {
	rank        int                                          // when providers disagree, the lowest decides
	spec        func() upstream.Spec[weather.Place, *R]      // nil without batch: the reports are in the answers about the current weather
	batch       func() upstream.BatchSpec[weather.Place, *R] // in place of spec, for a provider that answers about many places in one call
	attribution string                                       // that its licence requires; may be empty
}

// open makes the source at an upstream, and its batch, nil if it has none.
func (s *placeSource[R]) open(up *upstream.Upstream) (*upstream.Source[weather.Place, *R], *upstream.Batch[weather.Place, *R]) {
	if s.batch == nil {
		return upstream.NewSource(up, s.spec()), nil
	}
	batch := upstream.NewBatch(up, s.batch())
	return batch.Source(), batch
}

// openMeteo is the limit of each of Open-Meteo's free hosts.
var openMeteo = rates{{600, time.Minute}, {5000, time.Hour}, {10_000, 24 * time.Hour}}

// providers registers all providers. Documentation, lists and the simulator have the
// same order.
var providers = []provider{
	{
		name: "openmeteo", host: "api.open-meteo.com", quota: openMeteo, concurrency: 5,
		credential: credential{"OPENMETEO_API_KEY", inQuery("apikey")},
		weather:    &placeSource[weather.PackedReport]{rank: 1, batch: weather.OpenMeteoBatch, attribution: weather.OpenMeteoAttribution},
		forecast:   &placeSource[weather.PackedSeries]{rank: 1, batch: weather.OpenMeteoForecastBatch, attribution: weather.OpenMeteoAttribution},
	},
	{
		name: "geocoding", host: "geocoding-api.open-meteo.com", quota: openMeteo, concurrency: 5,
		credential: credential{"OPENMETEO_API_KEY", inQuery("apikey")},
		lifetimes:  cache.Lifetimes{FreshFor: 24 * time.Hour, RevalidateFor: 24 * time.Hour, StaleFor: 720 * time.Hour},
	},
	{
		name: "openweather", host: "api.openweathermap.org", quota: rates{{60, time.Minute}},
		credential: credential{"OPENWEATHER_API_KEY", inQuery("appid")}, needs: "OPENWEATHER_API_KEY",
		weather:  &placeSource[weather.PackedReport]{rank: 3, spec: weather.OpenWeather},
		forecast: &placeSource[weather.PackedSeries]{rank: 3, spec: weather.OpenWeatherForecast},
		air:      &placeSource[air.Report]{rank: 2, spec: air.OpenWeather},
	},
	{
		name: "metno", host: "api.met.no", quota: rates{{20, time.Second}},
		contact: true, needs: "METNO_CONTACT", // its terms require a contact
		weather:  &placeSource[weather.PackedReport]{rank: 2, spec: weather.METNorway, attribution: weather.METNorwayAttribution},
		forecast: &placeSource[weather.PackedSeries]{rank: 2, attribution: weather.METNorwayAttribution},
	},
	{
		name: "directory", host: "jsonplaceholder.typicode.com", personal: true,
		credential: credential{"DIRECTORY_TOKEN", asBearer},
		lifetimes:  cache.Lifetimes{FreshFor: 30 * time.Second, RevalidateFor: time.Minute, StaleFor: 24 * time.Hour},
	},
	{
		name: "github", host: "api.github.com", quota: rates{{60, time.Hour}}, quotaWithKey: rates{{5000, time.Hour}}, personal: true,
		credential: credential{"GITHUB_TOKEN", asBearer},
	},
	{
		name: "openmeteo_air", host: "air-quality-api.open-meteo.com", quota: openMeteo, concurrency: 5,
		credential: credential{"OPENMETEO_API_KEY", inQuery("apikey")},
		air:        &placeSource[air.Report]{rank: 1, batch: air.OpenMeteoBatch, attribution: air.OpenMeteoAttribution},
	},
}

// providerNames are the names of all, in order.
func providerNames() (names sourceNames) {
	for _, p := range providers {
		names = append(names, p.name)
	}
	return names
}

// variable returns the name of one of the provider's variables.
func (p provider) variable(name string) string { return strings.ToUpper(p.name) + "_" + name }

// allowedInFlight returns the calls in flight that a provider's public host allows;
// 0: the default. Paying customers use other hosts.
func allowedInFlight(host string) int {
	for _, p := range providers {
		if strings.EqualFold(p.host, host) {
			return p.concurrency
		}
	}
	return 0
}

// credential is a secret for a provider, and how it is sent.
type credential struct {
	variable string // empty: none
	send     func(r *http.Request, secret string)
}

// sender returns a function that adds the secret to a request; nil without a secret.
func (c credential) sender(secret Secret) func(*http.Request) {
	if !secret.IsSet() {
		return nil
	}
	return func(r *http.Request) { c.send(r, secret.Reveal()) }
}

func inQuery(parameter string) func(*http.Request, string) {
	return func(r *http.Request, key string) {
		q := r.URL.Query()
		q.Set(parameter, key)
		r.URL.RawQuery = q.Encode()
	}
}

func asBearer(r *http.Request, token string) { r.Header.Set("Authorization", "Bearer "+token) }
