package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"tributary/api"
	"tributary/api/admission"
	"tributary/api/auth"
	"tributary/cache"
	"tributary/telemetry"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/air"
	"tributary/upstream/declared"
	"tributary/upstream/forecast"
	"tributary/upstream/users"
	"tributary/upstream/weather"
)

// gateway connects the packages as the configuration says.
type gateway struct {
	api       *api.API
	auth      *auth.Authenticator
	store     *cache.Store
	admission *admission.Limiter            // nil: all requests may ask upstreams
	redis     *cache.Redis                  // nil: replicas share nothing
	sharing   string                        // whether Redis was reached at the start: reached, not reached, off
	upstreams map[string]*upstream.Upstream // the enabled ones that are built in, by name
	builtIn   map[string]declared.AskBuiltIn
	endpoints *endpoints // nil: none are declared
	document  func() []byte
	reloaded  func() // other endpoints are served now; nil: nobody is told
	draining  atomic.Bool
}

// mostInFlight is how many requests may be in flight for each processor. It is far more than
// a processor can serve in time: it bounds memory when all requests are slow, or all come at
// once.
const mostInFlight = 2048

// usualAsking is how many requests of a burst an idle gateway lets ask upstreams at once,
// for each processor; two thirds of them may be one client's. leastAsking is how many it
// lets ask even in overload.
const (
	usualAsking = 160
	leastAsking = 8
)

func newGateway(n Network, cfg config, getenv func(string) string, tel *telemetry.Telemetry, log *slog.Logger) (_ *gateway, err error) {
	g := &gateway{store: cache.NewStore(cfg.CacheMaxEntries), upstreams: make(map[string]*upstream.Upstream)}
	if cfg.Admission == admissionAdaptive {
		g.admission = admission.New(n.limits(log))
		defer func() {
			if err != nil {
				g.admission.Close()
			}
		}()
	}
	if g.redis, err = g.newRedis(n, cfg, tel, log); err != nil {
		return nil, err
	}
	for _, u := range cfg.Upstreams {
		if u.Enabled && u.declared == nil {
			c := g.upstreamConfig(cfg, u, tel, log)
			n.use(&c)
			g.upstreams[c.Name] = upstream.New(c)
		}
	}
	callers := cfg.auth(log)
	callers.Transport, callers.Rand = n.issuer(), n.Rand
	if g.auth, err = auth.New(callers); err != nil {
		return nil, err
	}
	if err := g.measure(cfg, tel.Meter()); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	current, reports := g.weather(cfg)
	quality := g.air(cfg, current)
	people := g.users(cfg, current, quality)
	g.builtIn = askBuiltIn(map[string]weather.Ask{"weather": current.Current, "air_quality": quality.Current}, people)
	g.document = document(cfg, log)
	g.api = api.New(api.Config{
		Auth:           g.auth,
		Redis:          g.redis,
		Admission:      g.admission,
		Weather:        current,
		Forecast:       g.forecast(cfg, current, reports),
		Air:            quality,
		Users:          people,
		BuiltIn:        cfg.BuiltIn,
		Demo:           cfg.demo,
		Document:       g.document,
		Status:         g.status,
		Ready:          func() bool { return !g.draining.Load() },
		Telemetry:      tel,
		Logger:         log,
		RequestTimeout: cfg.RequestTimeout,
		ClientLimit:    api.Limit{Calls: cfg.ClientRateLimit.Calls, Window: cfg.ClientRateLimit.Window},
		TrustedProxies: cfg.TrustedProxies,
		Origins:        cfg.CORSOrigins,
		PublicReads:    slices.Contains(cfg.AnonymousScopes, "weather:read"),
	})
	g.endpoints, err = newEndpoints(g, n, cfg, getenv, tel, log)
	return g, err
}

// Close cancels the calls to upstreams that are still running and waits for them until
// ctx is done. Its error names the parts that have not ended.
func (g *gateway) Close(ctx context.Context) error {
	parts := map[string]func(){"reading JWT_JWKS_URL": g.auth.Close, "admission": g.admission.Close}
	for name, u := range g.upstreams {
		parts[name] = u.Close
	}
	parts["declared upstreams"] = g.endpoints.close
	if err := closeAll(ctx, parts); err != nil {
		return err
	}
	// Last, because upstreams store answers in Redis until they are closed.
	return closeAll(ctx, map[string]func(){"redis": func() { _ = g.redis.Close() }})
}

// auth returns the configuration of authentication.
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

// weather wires the weather. The order of its providers decides ties. reports are its
// sources, by name.
func (g *gateway) weather(cfg config) (_ *weather.Service, reports reportSources) {
	var geocoding *upstream.Source[weather.PlaceQuery, weather.Found]
	if u, ok := g.upstreams["geocoding"]; ok {
		geocoding = upstream.NewSource(u, weather.Geocoding())
	}
	reports = make(reportSources)
	providers := reporters(g, func(p provider) *placeSource[weather.PackedReport] { return p.weather },
		func(p provider, up *upstream.Upstream) weather.Provider {
			source, batch := p.weather.open(up)
			reports[p.name] = source
			return weather.Provider{Source: source, Batch: batch}
		})
	return weather.NewService(g.store, geocoding, cfg.Patience, providers...), reports
}

// reportSources are the sources of current weather, by name.
type reportSources map[string]*upstream.Source[weather.Place, *weather.PackedReport]

// forecast wires the forecast. Where a provider sends it with the current weather, both
// are read from the same answers.
func (g *gateway) forecast(cfg config, w *weather.Service, reports reportSources) *forecast.Service {
	return forecast.NewService(g.store, w.Locate, cfg.Patience,
		reporters(g, func(p provider) *placeSource[weather.PackedSeries] { return p.forecast },
			func(p provider, up *upstream.Upstream) forecast.Provider {
				if p.forecast.spec == nil && p.forecast.batch == nil {
					return forecast.Provider{Source: weather.ForecastIn(reports[p.name])}
				}
				source, batch := p.forecast.open(up)
				return forecast.Provider{Source: source, Batch: batch}
			})...)
}

// air wires the air quality. It finds places as the weather does.
func (g *gateway) air(cfg config, w *weather.Service) *air.Service {
	return air.NewService(g.store, w.Locate, cfg.Patience,
		reporters(g, func(p provider) *placeSource[air.Report] { return p.air },
			func(p provider, up *upstream.Upstream) air.Provider {
				source, batch := p.air.open(up)
				return air.Provider{Source: source, Batch: batch}
			})...)
}

// reporters returns the enabled providers of one kind of report, by rank. open makes
// the source of one.
func reporters[R any](g *gateway, source func(provider) *placeSource[R],
	open func(provider, *upstream.Upstream) aggregate.Provider[weather.Place, R],
) (asked []aggregate.Provider[weather.Place, R]) {
	ranked := slices.DeleteFunc(slices.Clone(providers), func(p provider) bool { return source(p) == nil || g.upstreams[p.name] == nil })
	slices.SortFunc(ranked, func(a, b provider) int { return source(a).rank - source(b).rank })
	for _, p := range ranked {
		asking := open(p, g.upstreams[p.name])
		asking.Attribution = source(p).attribution
		asked = append(asked, asking)
	}
	return asked
}

// users wires the users; nil when the directory is disabled.
func (g *gateway) users(cfg config, w *weather.Service, a *air.Service) *users.Service {
	directory, ok := g.upstreams["directory"]
	if !ok {
		return nil
	}
	return users.NewService(users.Config{
		Directory:            directory,
		GitHub:               g.upstreams["github"],
		Weather:              users.FromWeather(w),
		AirQuality:           users.AtPlace(a.Current, (*air.Current).OmitSpread),
		Patience:             cfg.Patience,
		LinkByUsername:       cfg.UsersGitHubLink == githubLinkUsername,
		DirectoryIdempotency: bool(cfg.DirectoryIdempotency),
	})
}

func (g *gateway) upstreamConfig(cfg config, u *upstreamConfig, tel *telemetry.Telemetry, log *slog.Logger) upstream.Config {
	userAgent := fmt.Sprintf("tributary/%s", thisBuild().version)
	if u.Contact != "" {
		userAgent += " " + u.Contact
	}
	return upstream.Config{
		Name:        u.provider.name,
		BaseURL:     &u.URL,
		UserAgent:   userAgent,
		Credentials: u.provider.credential.sender(cfg.key(u)),
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

		PatienceMin: cfg.leastPatience(),
		FetchBudget: cfg.RequestTimeout - writingTime(cfg.RequestTimeout),
		Propagate:   slices.Contains(cfg.TracePropagate, u.provider.name),
		Tracer:      tel.Tracer(),
		Meter:       tel.Meter(),
		Logger:      log,
		Stories:     tel.Stories(),
		Load:        g.admission,
	}
}

// leastPatience is the least time that a source is waited for by its usual latency; 0 if
// PATIENCE_MIN is PATIENCE, so that no such time differs from PATIENCE.
func (cfg *config) leastPatience() time.Duration {
	if cfg.PatienceMin == cfg.Patience {
		return 0
	}
	return cfg.PatienceMin
}

func quotas(limits rates) (all []upstream.Quota) {
	for _, r := range limits {
		all = append(all, upstream.Quota{Calls: r.Calls, Window: r.Window})
	}
	return all
}

// writingTime is the part of a request's budget that sources may not use, so that there
// is time to write the answer.
func writingTime(budget time.Duration) time.Duration { return min(budget/20, 250*time.Millisecond) }

// status lists all upstreams, the disabled ones by name only, with cache counters over
// all enabled ones.
func (g *gateway) status() api.Status {
	s := api.Status{Upstreams: []api.UpstreamStatus{}}
	add := func(name string, u *upstream.Upstream) {
		if u == nil {
			s.Upstreams = append(s.Upstreams, api.UpstreamStatus{Name: name})
			return
		}
		status := u.Status()
		s.Upstreams = append(s.Upstreams, api.Enabled(status))
		s.Cache.Hits += status.Cache.Hits
		s.Cache.Misses += status.Cache.Misses
		s.Cache.StaleServed += status.Cache.Stale
		s.Cache.Collapsed += status.Cache.Collapsed
	}
	for _, p := range providers {
		add(p.name, g.upstreams[p.name])
	}
	for _, d := range g.endpoints.all() {
		add(d.name, d.up)
	}
	s.Cache.Entries = g.store.Entries()
	s.Cache.Evictions = g.store.Evictions()
	return s
}
