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

// provider is one upstream as the program knows it: what its variables default to,
// and what it wants of its callers.
type provider struct {
	name string // the source's; in upper case it begins its variables' names
	host string // of the public service

	quota        rates           // what the provider publishes; nil: no limit
	quotaWithKey rates           // the same for callers with a credential; nil: no other
	concurrency  int             // calls in flight that host allows; 0: more than the default
	lifetimes    cache.Lifetimes // zero: the default

	// credential is sent where it is set. Providers may share a variable.
	credential credential

	// contact adds a variable NAME_CONTACT, which goes into the User-Agent.
	contact bool

	// needs is the variable without which the provider refuses every call; it is
	// then disabled. Empty: it answers anybody.
	needs string

	// personal data that the provider wants revalidated is kept for when that fails
	// only if the operator sets NAME_STALE_FOR. Other data is always kept.
	personal bool

	weather *placeSource[weather.Report] // nil: it is not asked for current weather
	air     *placeSource[air.Report]     // nil: it is not asked for air quality
}

// placeSource is how a provider is asked for a report on a place.
type placeSource[R any] struct {
	rank        int // the lowest decides when providers disagree
	spec        func() upstream.Spec[weather.Place, *R]
	attribution string // that its licence wants; may be empty
}

// openMeteo is the limit of each of Open-Meteo's free hosts.
var openMeteo = rates{{600, time.Minute}, {5000, time.Hour}, {10_000, 24 * time.Hour}}

// providers is the one place where a provider is registered, in the order in which
// they are documented, listed and simulated.
var providers = []provider{
	{
		name: "openmeteo", host: "api.open-meteo.com", quota: openMeteo, concurrency: 5,
		credential: credential{"OPENMETEO_API_KEY", inQuery("apikey")},
		weather:    &placeSource[weather.Report]{1, weather.OpenMeteo, weather.OpenMeteoAttribution},
	},
	{
		name: "geocoding", host: "geocoding-api.open-meteo.com", quota: openMeteo, concurrency: 5,
		credential: credential{"OPENMETEO_API_KEY", inQuery("apikey")},
		lifetimes:  cache.Lifetimes{FreshFor: 24 * time.Hour, RevalidateFor: 24 * time.Hour, StaleFor: 720 * time.Hour},
	},
	{
		name: "openweather", host: "api.openweathermap.org", quota: rates{{60, time.Minute}},
		credential: credential{"OPENWEATHER_API_KEY", inQuery("appid")}, needs: "OPENWEATHER_API_KEY",
		weather: &placeSource[weather.Report]{3, weather.OpenWeather, ""},
		air:     &placeSource[air.Report]{2, air.OpenWeather, ""},
	},
	{
		name: "metno", host: "api.met.no", quota: rates{{20, time.Second}},
		contact: true, needs: "METNO_CONTACT", // its terms want to know whom to write to
		weather: &placeSource[weather.Report]{2, weather.METNorway, weather.METNorwayAttribution},
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
		air:        &placeSource[air.Report]{1, air.OpenMeteo, air.OpenMeteoAttribution},
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

// allowedInFlight returns how many calls in flight a provider's public host
// allows; 0: no other number than the default. Paying customers have other hosts.
func allowedInFlight(host string) int {
	for _, p := range providers {
		if strings.EqualFold(p.host, host) {
			return p.concurrency
		}
	}
	return 0
}

// credential is a secret that a provider may be sent, and how.
type credential struct {
	variable string // empty: none
	send     func(r *http.Request, secret string)
}

// sender returns what adds the secret to a request; nil if there is none.
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
