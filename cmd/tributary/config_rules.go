package main

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settle derives the defaults that depend on other variables.
func (cfg *config) settle(r *reading) {
	if !r.has("PATIENCE") && cfg.RequestTimeout > 0 {
		cfg.Patience = min(cfg.Patience, cfg.RequestTimeout)
	}
	if !r.has("ANONYMOUS_SCOPES") && !r.has("API_KEYS") && !r.has("JWT_JWKS_URL") {
		cfg.AnonymousScopes = scopes{"weather:read", "users:read"}
	}
	if !r.has("OPENWEATHER_ENABLED") {
		cfg.OpenWeather.Enabled = cfg.OpenWeatherKey.IsSet()
	}
	if !r.has("METNO_ENABLED") {
		cfg.Metno.Enabled = cfg.MetnoContact != ""
	}
	if !r.has("GITHUB_RATE_LIMIT") && cfg.GitHubToken.IsSet() {
		cfg.GitHub.RateLimit = rates{{5000, time.Hour}}
	}
	for _, u := range cfg.upstreams() {
		if !r.has(u.variable("RETRY_MAX_DELAY")) {
			u.RetryMaxDelay = max(u.RetryMaxDelay, u.RetryDelay)
		}
		u.URL.Path = strings.TrimRight(u.URL.Path, "/")
		u.URL.RawPath = strings.TrimRight(u.URL.RawPath, "/")
		if !r.has(u.variable("MAX_CONCURRENT")) && slices.Contains(freeHosts, strings.ToLower(u.URL.Hostname())) {
			u.MaxConcurrent = 5
		}
		// Old weather and old places are better than none, whatever their provider
		// says of reuse. Of people's data the operator has to want it.
		personal := u.name == "directory" || u.name == "github"
		u.keepUnvalidated = !personal || r.has(u.variable("STALE_FOR"))
	}
}

// freeHosts are Open-Meteo's, who refuse a caller with more than a few calls in
// flight. Paying customers have hosts of their own.
var freeHosts = []string{"api.open-meteo.com", "geocoding-api.open-meteo.com", "air-quality-api.open-meteo.com"}

// check adds what is wrong with values that are well formed.
func (cfg *config) check(r *reading) {
	r.positive("REQUEST_TIMEOUT", cfg.RequestTimeout)
	r.positive("PATIENCE", cfg.Patience)
	r.positive("SHUTDOWN_TIMEOUT", cfg.ShutdownTimeout)
	r.require(cfg.DrainDelay >= 0, "DRAIN_DELAY", "%s is less than 0", formatDuration(cfg.DrainDelay))
	r.require(cfg.Patience <= cfg.RequestTimeout || r.mistaken("REQUEST_TIMEOUT"),
		"PATIENCE", "%s is more than REQUEST_TIMEOUT, %s", formatDuration(cfg.Patience), formatDuration(cfg.RequestTimeout))
	r.require(cfg.CacheMaxEntries >= 1, "CACHE_MAX_ENTRIES", "%d is less than 1", cfg.CacheMaxEntries)
	r.require(cfg.JaegerURL == nil || noQuery(*cfg.JaegerURL), "JAEGER_UI_URL", "must not hold a query")
	// The seven providers listen on the ports after it.
	r.require(cfg.SimAddr.port() <= 65528, "SIM_ADDR", "%q leaves no seven ports after it", string(cfg.SimAddr))

	cfg.checkTokens(r)
	cfg.checkRedis(r)
	for _, u := range cfg.upstreams() {
		u.check(r)
	}
	r.require(!cfg.OpenWeather.Enabled || r.has("OPENWEATHER_API_KEY"),
		"OPENWEATHER_ENABLED", "true needs OPENWEATHER_API_KEY, which is not set")
	r.require(!cfg.Metno.Enabled || r.has("METNO_CONTACT"),
		"METNO_ENABLED", "true needs METNO_CONTACT, which is not set")
}

// checkTokens wants the three variables of bearer tokens together: a key set
// without an issuer and an audience would believe tokens made for others.
func (cfg *config) checkTokens(r *reading) {
	keys, issuer, audience := r.has("JWT_JWKS_URL"), r.has("JWT_ISSUER"), r.has("JWT_AUDIENCE")
	r.require(issuer || !keys, "JWT_ISSUER", "is required with JWT_JWKS_URL")
	r.require(audience || !keys, "JWT_AUDIENCE", "is required with JWT_JWKS_URL")
	r.require(keys || !issuer, "JWT_JWKS_URL", "is required with JWT_ISSUER")
	r.require(keys || !audience, "JWT_JWKS_URL", "is required with JWT_AUDIENCE")
}

func (cfg *config) checkRedis(r *reading) {
	if !cfg.RedisURL.IsSet() {
		return
	}
	u, err := url.Parse(cfg.RedisURL.Reveal())
	if err != nil {
		u = &url.URL{} // the error would quote the password
	}
	switch u.Scheme {
	case "redis", "rediss":
		database := strings.Trim(u.Path, "/")
		_, err := strconv.ParseUint(database, 10, 31)
		r.require(u.Hostname() != "", "REDIS_URL", "has no host")
		r.require(database == "" || err == nil, "REDIS_URL", "has a database that is not a number")
	case "unix":
		r.require(u.Path != "", "REDIS_URL", "has no path")
	default:
		r.add("REDIS_URL", "is not a redis, rediss or unix URL (use redis://host:6379/0)")
	}
}

// variable returns the name of one of the upstream's variables.
func (u namedUpstream) variable(name string) string {
	return strings.ToUpper(u.name) + "_" + name
}

func (u namedUpstream) check(r *reading) {
	name := u.variable
	r.require(noQuery(u.URL), name("URL"), "must not hold a query")
	r.positive(name("TIMEOUT"), u.Timeout)
	r.require(u.Retries >= 0 && u.Retries <= 10, name("RETRIES"), "%d is not between 0 and 10", u.Retries)
	r.positive(name("RETRY_DELAY"), u.RetryDelay)
	r.require(u.RetryMaxDelay >= u.RetryDelay || r.mistaken(name("RETRY_DELAY")),
		name("RETRY_MAX_DELAY"), "%s is less than %s, %s", formatDuration(u.RetryMaxDelay), name("RETRY_DELAY"), formatDuration(u.RetryDelay))
	// Asked this way round, NaN is refused.
	r.require(u.HedgeQuantile >= 0 && u.HedgeQuantile < 1, name("HEDGE_QUANTILE"), "%v is not between 0 and 1 (use 0.95, or 0 for off)", u.HedgeQuantile)
	r.require(u.MaxConcurrent >= 1, name("MAX_CONCURRENT"), "%d is less than 1", u.MaxConcurrent)
	r.require(u.BreakerFailureRate > 0 && u.BreakerFailureRate <= 1, name("BREAKER_FAILURE_RATE"), "%v is not more than 0 and at most 1", u.BreakerFailureRate)
	r.require(u.BreakerMinCalls >= 1, name("BREAKER_MIN_CALLS"), "%d is less than 1", u.BreakerMinCalls)
	// The breaker counts in slices, each a tenth of the window.
	r.require(u.BreakerWindow >= 10*time.Millisecond, name("BREAKER_WINDOW"), "%s is less than 10ms", formatDuration(u.BreakerWindow))
	r.positive(name("BREAKER_DELAY"), u.BreakerDelay)
	u.checkSpans(r)
}

func (u namedUpstream) checkSpans(r *reading) {
	fresh, revalidate, stale := u.variable("FRESH_FOR"), u.variable("REVALIDATE_FOR"), u.variable("STALE_FOR")
	r.require(u.FreshFor >= 0, fresh, "%s is less than 0", formatDuration(u.FreshFor))
	r.require(u.RevalidateFor >= 0, revalidate, "%s is less than 0", formatDuration(u.RevalidateFor))
	r.positive(stale, u.StaleFor)
	if r.mistaken(fresh) || r.mistaken(revalidate) {
		return
	}
	origin := ""
	if !r.has(stale) {
		origin = " (the default)"
	}
	// The sum of the two could overflow, the difference of the others cannot.
	r.require(u.StaleFor-u.FreshFor >= u.RevalidateFor,
		stale, "%s%s is less than %s and %s together", formatDuration(u.StaleFor), origin, fresh, revalidate)
}

// require adds a mistake unless ok holds, or one is already known of the
// variable: a malformed value has left its default behind, which has no fault.
func (r *reading) require(ok bool, name, format string, args ...any) {
	if !ok && !r.mistaken(name) {
		r.add(name, format, args...)
	}
}

func (r *reading) positive(name string, d time.Duration) {
	r.require(d > 0, name, "%s is not more than 0", formatDuration(d))
}

func noQuery(u url.URL) bool { return u.RawQuery == "" && !u.ForceQuery }
