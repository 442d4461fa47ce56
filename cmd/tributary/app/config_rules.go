package app

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// settle derives the defaults that depend on other variables.
func (cfg *config) settle(r *reading) {
	if !r.has("PATIENCE") && cfg.RequestTimeout > 0 {
		cfg.Patience = min(cfg.Patience, cfg.RequestTimeout)
	}
	if !r.has("PATIENCE_MIN") && cfg.Patience > 0 {
		cfg.PatienceMin = min(cfg.PatienceMin, cfg.Patience)
	}
	if !r.has("ANONYMOUS_SCOPES") && !r.has("API_KEYS") && !r.has("JWT_JWKS_URL") {
		cfg.AnonymousScopes = scopes{"weather:read", "users:read"}
	}
	for _, u := range cfg.Upstreams {
		u.settle(r)
	}
}

func (u *upstreamConfig) settle(r *reading) {
	p := u.provider
	if p.needs != "" && !r.has(p.variable("ENABLED")) {
		u.Enabled = r.usable(p.needs)
	}
	if p.quotaWithKey != nil && r.usable(p.credential.variable) && !r.has(p.variable("RATE_LIMIT")) {
		u.RateLimit = p.quotaWithKey
	}
	if !r.has(p.variable("RETRY_MAX_DELAY")) {
		u.RetryMaxDelay = max(u.RetryMaxDelay, u.RetryDelay)
	}
	u.URL.Path = strings.TrimRight(u.URL.Path, "/")
	u.URL.RawPath = strings.TrimRight(u.URL.RawPath, "/")
	if n := allowedInFlight(u.URL.Hostname()); n > 0 && !r.has(p.variable("MAX_CONCURRENT")) {
		u.MaxConcurrent = n
	}
	u.keepUnvalidated = !p.personal || r.has(p.variable("STALE_FOR"))
}

// check adds the mistakes of values that are well formed but not allowed.
func (cfg *config) check(r *reading) {
	r.positive("REQUEST_TIMEOUT", cfg.RequestTimeout)
	r.positive("PATIENCE", cfg.Patience)
	r.positive("PATIENCE_MIN", cfg.PatienceMin)
	r.positive("SHUTDOWN_TIMEOUT", cfg.ShutdownTimeout)
	r.require(cfg.DrainDelay >= 0, "DRAIN_DELAY", "%s is less than 0", formatDuration(cfg.DrainDelay))
	r.require(cfg.Patience <= cfg.RequestTimeout || r.mistaken("REQUEST_TIMEOUT"),
		"PATIENCE", "%s is more than REQUEST_TIMEOUT, %s", formatDuration(cfg.Patience), formatDuration(cfg.RequestTimeout))
	r.require(cfg.PatienceMin <= cfg.Patience || r.mistaken("PATIENCE"),
		"PATIENCE_MIN", "%s is more than PATIENCE, %s", formatDuration(cfg.PatienceMin), formatDuration(cfg.Patience))
	r.require(cfg.CacheMaxEntries >= 1, "CACHE_MAX_ENTRIES", "%d is less than 1", cfg.CacheMaxEntries)
	r.require(cfg.JaegerURL == nil || noQuery(*cfg.JaegerURL), "JAEGER_UI_URL", "must not hold a query")
	// Each simulated provider listens on one of the ports after SIM_ADDR's.
	r.require(cfg.SimAddr.port()+len(cfg.Upstreams) <= 65535, "SIM_ADDR", "%q leaves no %d ports after it", string(cfg.SimAddr), len(cfg.Upstreams))

	cfg.checkTokens(r)
	cfg.checkRedis(r)
	for _, u := range cfg.Upstreams {
		u.check(r)
	}
}

// checkTokens requires the three variables of bearer tokens together: a key set alone
// would accept tokens that were issued for other services.
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
		if port, err := strconv.ParseUint(cmp.Or(u.Port(), "6379"), 10, 16); err != nil || port == 0 {
			r.add("REDIS_URL", "has a port that is not between 1 and 65535")
		}
		r.require(database == "" || err == nil, "REDIS_URL", "has a database that is not a number")
	case "unix":
		r.require(u.Path != "", "REDIS_URL", "has no path")
	default:
		r.add("REDIS_URL", "is not a redis, rediss or unix URL (use redis://host:6379/0)")
	}
}

func (u *upstreamConfig) check(r *reading) {
	name, needs := u.provider.variable, u.provider.needs
	r.require(!u.Enabled || needs == "" || r.has(needs), name("ENABLED"), "true needs %s, which is not set", needs)
	r.require(noQuery(u.URL), name("URL"), "must not hold a query")
	u.requireURL(r)
	r.positive(name("TIMEOUT"), u.Timeout)
	r.require(u.Retries >= 0 && u.Retries <= 10, name("RETRIES"), "%d is not between 0 and 10", u.Retries)
	r.positive(name("RETRY_DELAY"), u.RetryDelay)
	r.require(u.RetryMaxDelay >= u.RetryDelay || r.mistaken(name("RETRY_DELAY")),
		name("RETRY_MAX_DELAY"), "%s is less than %s, %s", formatDuration(u.RetryMaxDelay), name("RETRY_DELAY"), formatDuration(u.RetryDelay))
	// In this form the condition is false for NaN too.
	r.require(u.HedgeQuantile >= 0 && u.HedgeQuantile < 1, name("HEDGE_QUANTILE"), "%v is not between 0 and 1 (use 0.95, or 0 for off)", u.HedgeQuantile)
	r.require(u.MaxConcurrent >= 1, name("MAX_CONCURRENT"), "%d is less than 1", u.MaxConcurrent)
	r.require(u.BreakerFailureRate > 0 && u.BreakerFailureRate <= 1, name("BREAKER_FAILURE_RATE"), "%v is not more than 0 and at most 1", u.BreakerFailureRate)
	r.require(u.BreakerMinCalls >= 1, name("BREAKER_MIN_CALLS"), "%d is less than 1", u.BreakerMinCalls)
	// The breaker divides its window by ten, and needs 1 ms at least for each part.
	r.require(u.BreakerWindow >= 10*time.Millisecond, name("BREAKER_WINDOW"), "%s is less than 10ms", formatDuration(u.BreakerWindow))
	r.positive(name("BREAKER_DELAY"), u.BreakerDelay)
	u.checkLifetimes(r)
}

func (u *upstreamConfig) checkLifetimes(r *reading) {
	name := u.provider.variable
	fresh, revalidate, stale := name("FRESH_FOR"), name("REVALIDATE_FOR"), name("STALE_FOR")
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
	// A difference, because fresh + revalidate could overflow.
	r.require(u.StaleFor-u.FreshFor >= u.RevalidateFor,
		stale, "%s%s is less than %s and %s together", formatDuration(u.StaleFor), origin, fresh, revalidate)
}

// require adds a mistake unless ok. A variable that already has one gets no second:
// its value was malformed, so the field still has its default.
func (r *reading) require(ok bool, name, format string, args ...any) {
	if !ok && !r.mistaken(name) {
		r.add(name, format, args...)
	}
}

func (r *reading) positive(name string, d time.Duration) {
	r.require(d > 0, name, "%s is not more than 0", formatDuration(d))
}

func noQuery(u url.URL) bool { return u.RawQuery == "" && !u.ForceQuery }
