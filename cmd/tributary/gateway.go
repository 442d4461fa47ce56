package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"tributary/api"
	"tributary/api/auth"
	"tributary/cache"
	"tributary/telemetry"
	"tributary/upstream"
	"tributary/upstream/air"
	"tributary/upstream/users"
	"tributary/upstream/weather"
)

// gateway is the wiring: the only place that sees every room.
type gateway struct {
	api       http.Handler
	auth      *auth.Authenticator
	store     *cache.Store
	redis     *cache.Redis                  // nil: this replica is on its own
	upstreams map[string]*upstream.Upstream // the enabled ones, by name
	draining  atomic.Bool
}

func newGateway(cfg config, tel *telemetry.Telemetry, log *slog.Logger) (*gateway, error) {
	g := &gateway{store: cache.NewStore(cfg.CacheMaxEntries), upstreams: make(map[string]*upstream.Upstream)}
	var err error
	if cfg.RedisURL.IsSet() {
		if g.redis, err = cache.NewRedis(cache.RedisConfig{URL: cfg.RedisURL.Reveal(), Tracer: tel.Tracer(), Logger: log}); err != nil {
			return nil, fmt.Errorf("REDIS_URL: %w", err)
		}
	}
	for _, u := range cfg.upstreams() {
		if u.Enabled {
			g.upstreams[u.name] = upstream.New(g.upstreamConfig(cfg, u, tel, log))
		}
	}
	if g.auth, err = auth.New(cfg.auth(log)); err != nil {
		return nil, err
	}
	if err := g.measure(cfg, tel.Meter()); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	weather := g.weather(cfg)
	airQuality := g.air(cfg, weather)
	g.api = api.New(api.Config{
		Auth:           g.auth,
		Redis:          g.redis,
		Weather:        weather,
		Air:            airQuality,
		Users:          g.users(cfg, weather, airQuality),
		Status:         func() api.Status { return g.status(cfg) },
		Ready:          func() bool { return !g.draining.Load() },
		Telemetry:      tel,
		Logger:         log,
		RequestTimeout: cfg.RequestTimeout,
		ClientLimit:    api.Limit{Calls: cfg.ClientRateLimit.Calls, Window: cfg.ClientRateLimit.Window},
		TrustedProxies: cfg.TrustedProxies,
		Origins:        cfg.CORSOrigins,
		PublicReads:    slices.Contains(cfg.AnonymousScopes, "weather:read"),
	})
	return g, nil
}

// Close ends the calls to upstreams that are still running, and waits for them
// until ctx is done. The error names what has not ended by then.
func (g *gateway) Close(ctx context.Context) error {
	parts := map[string]func(){"reading JWT_JWKS_URL": g.auth.Close}
	for name, u := range g.upstreams {
		parts[name] = u.Close
	}
	if err := closeAll(ctx, parts); err != nil {
		return err
	}
	// Last, as the upstreams store in it what they have been told.
	return closeAll(ctx, map[string]func(){"redis": func() { _ = g.redis.Close() }})
}

// auth is who may call.
func (cfg *config) auth(log *slog.Logger) auth.Config {
	a := auth.Config{
		JWKS:      cfg.JWKSURL,
		Issuer:    cfg.JWTIssuer,
		Audience:  cfg.JWTAudience,
		Anonymous: cfg.AnonymousScopes,
		Logger:    log,
	}
	for _, k := range cfg.APIKeys {
		a.Keys = append(a.Keys, auth.Key{Name: k.Name, Scopes: k.Scopes, Key: k.Key.Reveal()})
	}
	return a
}

// weather wires the weather. The order of the providers decides ties.
func (g *gateway) weather(cfg config) *weather.Service {
	var providers []weather.Provider
	add := func(name string, spec upstream.Spec[weather.Place, *weather.Report], attribution string) {
		if u, ok := g.upstreams[name]; ok {
			providers = append(providers, weather.Provider{Source: upstream.NewSource(u, spec), Attribution: attribution})
		}
	}
	add("openmeteo", weather.OpenMeteo(), weather.OpenMeteoAttribution)
	add("metno", weather.METNorway(), weather.METNorwayAttribution)
	add("openweather", weather.OpenWeather(), "")

	var geocoding *upstream.Source[weather.PlaceQuery, weather.Found]
	if u, ok := g.upstreams["geocoding"]; ok {
		geocoding = upstream.NewSource(u, weather.Geocoding())
	}
	return weather.NewService(g.store, geocoding, cfg.Patience, providers...)
}

// air wires the air quality, which finds places as the weather does.
func (g *gateway) air(cfg config, w *weather.Service) *air.Service {
	var providers []air.Provider
	add := func(name string, spec upstream.Spec[weather.Place, *air.Report], attribution string) {
		if u, ok := g.upstreams[name]; ok {
			providers = append(providers, air.Provider{Source: upstream.NewSource(u, spec), Attribution: attribution})
		}
	}
	add("openmeteo_air", air.OpenMeteo(), air.OpenMeteoAttribution)
	add("openweather", air.OpenWeather(), "")
	return air.NewService(g.store, w.Locate, cfg.Patience, providers...)
}

// users wires the users; nil when their directory is switched off.
func (g *gateway) users(cfg config, w *weather.Service, a *air.Service) *users.Service {
	directory, ok := g.upstreams["directory"]
	if !ok {
		return nil
	}
	return users.NewService(users.Config{
		Directory:            directory,
		GitHub:               g.upstreams["github"],
		Weather:              users.FromWeather(w),
		AirQuality:           users.FromAir(a),
		Patience:             cfg.Patience,
		LinkByUsername:       cfg.UsersGitHubLink == githubLinkUsername,
		DirectoryIdempotency: bool(cfg.DirectoryIdempotency),
	})
}

func (g *gateway) upstreamConfig(cfg config, u namedUpstream, tel *telemetry.Telemetry, log *slog.Logger) upstream.Config {
	userAgent := fmt.Sprintf("tributary/%s", thisBuild().version)
	if u.name == "metno" {
		userAgent += " " + cfg.MetnoContact // its terms want to know whom to write to
	}
	return upstream.Config{
		Name:        u.name,
		BaseURL:     &u.URL,
		UserAgent:   userAgent,
		Credentials: cfg.credentials(u.name),
		Policies: upstream.Policies{
			Timeout:       u.Timeout,
			Retries:       u.Retries,
			RetryDelay:    u.RetryDelay,
			RetryMaxDelay: u.RetryMaxDelay,
			HedgeQuantile: u.HedgeQuantile,
			MaxConcurrent: u.MaxConcurrent,
			Quotas:        quotas(u.RateLimit),
			Breaker: upstream.Breaker{
				FailureRate: u.BreakerFailureRate,
				MinCalls:    u.BreakerMinCalls,
				Window:      u.BreakerWindow,
				Delay:       u.BreakerDelay,
			},
		},
		Lifetimes: cache.Lifetimes{FreshFor: u.FreshFor, RevalidateFor: u.RevalidateFor, StaleFor: u.StaleFor},
		Store:     g.store,
		Redis:     g.redis,

		KeepUnvalidated: u.keepUnvalidated,

		FetchBudget: cfg.RequestTimeout - writingTime(cfg.RequestTimeout),
		Propagate:   slices.Contains(cfg.TracePropagate, u.name),
		Tracer:      tel.Tracer(),
		Meter:       tel.Meter(),
		Logger:      log,
	}
}

func quotas(limits rates) (all []upstream.Quota) {
	for _, r := range limits {
		all = append(all, upstream.Quota{Calls: r.Calls, Window: r.Window})
	}
	return all
}

// writingTime is what is left of a request's budget, when the last source has
// given up, to say so.
func writingTime(budget time.Duration) time.Duration { return min(budget/20, 250*time.Millisecond) }

// credentials adds what an upstream wants to see of us to a request; nil for
// nothing.
func (cfg *config) credentials(name string) func(*http.Request) {
	switch name {
	case "openmeteo", "geocoding", "openmeteo_air":
		return queryKey("apikey", cfg.OpenMeteoKey)
	case "openweather":
		return queryKey("appid", cfg.OpenWeatherKey)
	case "directory":
		return bearer(cfg.DirectoryToken)
	case "github":
		return bearer(cfg.GitHubToken)
	}
	return nil
}

func queryKey(parameter string, key Secret) func(*http.Request) {
	if !key.IsSet() {
		return nil
	}
	return func(r *http.Request) {
		q := r.URL.Query()
		q.Set(parameter, key.Reveal())
		r.URL.RawQuery = q.Encode()
	}
}

func bearer(token Secret) func(*http.Request) {
	if !token.IsSet() {
		return nil
	}
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token.Reveal()) }
}

func (g *gateway) status(cfg config) api.Status {
	s := api.Status{Upstreams: []api.UpstreamStatus{}}
	for _, named := range cfg.upstreams() {
		u, enabled := g.upstreams[named.name]
		if !enabled {
			s.Upstreams = append(s.Upstreams, api.UpstreamStatus{Name: named.name})
			continue
		}
		status := u.Status()
		s.Upstreams = append(s.Upstreams, api.Enabled(status))
		s.Cache.Hits += status.Cache.Hits
		s.Cache.Misses += status.Cache.Misses
		s.Cache.StaleServed += status.Cache.Stale
		s.Cache.Coalesced += status.Cache.Coalesced
	}
	s.Cache.Entries = g.store.Entries()
	s.Cache.Evictions = g.store.Evictions()
	return s
}
