package app

import (
	"net/url"
	"time"

	"tributary/api"
	"tributary/cache"
	"tributary/upstream/declared"
)

// config is the whole configuration, each value with its type and unit. readConfig
// fills it once, and no other code reads the environment; the method variables lists
// which variable sets which field. Printing a config, or a part of it, never shows a
// secret.
type config struct {
	ListenAddr      address
	AdminAddr       optionalAddress
	Console         onOff
	ConsoleHosts    hostNames
	Pprof           onOff
	RequestTimeout  time.Duration
	Patience        time.Duration
	PatienceMin     time.Duration
	ShutdownTimeout time.Duration
	DrainDelay      time.Duration
	LogLevel        logLevel
	LogFormat       logFormat
	CORSOrigins     origins
	ClientRateLimit rate
	Admission       admissionMode
	TrustedProxies  prefixes
	TraceParent     traceParent
	TracePropagate  sourceNames
	APIKeys         apiKeys
	JWKSURL         *url.URL // nil: no bearer tokens
	JWTIssuer       string
	JWTAudience     string
	AnonymousScopes scopes
	RedisURL        Secret
	CacheMaxEntries int
	JaegerURL       *url.URL // nil: trace ids link nowhere
	EndpointsFile   string   // empty: none
	BuiltIn         resources

	Upstreams []*upstreamConfig  // one for each of providers, in its order
	Keys      map[string]*Secret // credentials of upstreams, by variable

	endpoints  *declared.File       // nil: none
	definition *declared.Definition // of endpoints
	before     *config              // that a running gateway was started with; nil: none
	demo       *api.Demo            // nil: the upstreams are real

	DirectoryIdempotency onOff
	UsersGitHubLink      githubLink

	SimAddr address
}

// upstreamConfig is how one upstream is called.
type upstreamConfig struct {
	provider *provider
	declared *declared.Upstream // nil: it is built in

	URL                url.URL // its path does not end in a slash
	Enabled            bool
	Timeout            time.Duration // of one attempt
	Retries            int
	RetryDelay         time.Duration
	RetryMaxDelay      time.Duration // never below RetryDelay
	HedgeQuantile      float64       // 0: no hedges
	MaxConcurrent      int
	RateLimit          rates // all windows must have room
	BreakerFailureRate float64
	BreakerMinCalls    int
	BreakerWindow      time.Duration
	BreakerDelay       time.Duration
	FreshFor           time.Duration
	RevalidateFor      time.Duration
	StaleFor           time.Duration // answers older than this are never served

	Contact string // for the User-Agent; only for a provider that wants one

	// keepUnvalidated: an answer that must be revalidated before each use (no-cache,
	// must-revalidate) is still served as stale when the upstream fails.
	keepUnvalidated bool
}

// defaults returns the defaults, except those that settle derives from other
// variables.
func defaults() config {
	cfg := config{
		ListenAddr:      ":8080",
		AdminAddr:       "127.0.0.1:8081",
		Console:         true,
		Pprof:           true,
		RequestTimeout:  5 * time.Second,
		Patience:        800 * time.Millisecond,
		PatienceMin:     50 * time.Millisecond,
		ShutdownTimeout: 15 * time.Second,
		LogFormat:       logJSON,
		ClientRateLimit: rate{600, time.Minute},
		Admission:       admissionAdaptive,
		TraceParent:     traceJoin,
		CacheMaxEntries: 100_000,
		UsersGitHubLink: githubLinkOff,
		SimAddr:         "127.0.0.1:9100",
		BuiltIn:         api.Resources,
	}

	cfg.Keys = map[string]*Secret{}
	for i := range providers {
		u := upstreamDefaults(&providers[i])
		cfg.Upstreams = append(cfg.Upstreams, u)
		if key := u.provider.credential.variable; key != "" {
			cfg.Keys[key] = &Secret{}
		}
	}
	return cfg
}

func upstreamDefaults(p *provider) *upstreamConfig {
	kept := p.lifetimes
	if kept == (cache.Lifetimes{}) {
		kept = cache.Lifetimes{FreshFor: 10 * time.Minute, RevalidateFor: 10 * time.Minute, StaleFor: 24 * time.Hour}
	}
	return &upstreamConfig{
		provider:           p,
		URL:                url.URL{Scheme: "https", Host: p.host},
		Enabled:            true,
		Timeout:            2 * time.Second,
		Retries:            2,
		RetryDelay:         100 * time.Millisecond,
		RetryMaxDelay:      time.Second,
		HedgeQuantile:      0.95,
		MaxConcurrent:      64,
		RateLimit:          p.quota,
		BreakerFailureRate: 0.5,
		BreakerMinCalls:    20,
		BreakerWindow:      10 * time.Second,
		BreakerDelay:       5 * time.Second,
		FreshFor:           kept.FreshFor,
		RevalidateFor:      kept.RevalidateFor,
		StaleFor:           kept.StaleFor,
	}
}

// key returns the upstream's credential, which may be unset.
func (cfg *config) key(u *upstreamConfig) Secret {
	if key := cfg.Keys[u.provider.credential.variable]; key != nil {
		return *key
	}
	return Secret{}
}
