package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"tributary/telemetry"
)

// config is everything that can be set from outside, each value with its type
// and unit. It is filled once, by readConfig; after that nobody reads the
// environment. The fields stand in the order in which the variables are
// documented, and check lists them in. Printing a config, or any part of it,
// never shows a secret.
type config struct {
	ListenAddr      address         `env:"LISTEN_ADDR"`
	AdminAddr       optionalAddress `env:"ADMIN_ADDR"`
	RequestTimeout  time.Duration   `env:"REQUEST_TIMEOUT"`
	Patience        time.Duration   `env:"PATIENCE"`
	ShutdownTimeout time.Duration   `env:"SHUTDOWN_TIMEOUT"`
	DrainDelay      time.Duration   `env:"DRAIN_DELAY"`
	LogLevel        logLevel        `env:"LOG_LEVEL"`
	LogFormat       logFormat       `env:"LOG_FORMAT"`
	CORSOrigins     origins         `env:"CORS_ORIGINS"`
	ClientRateLimit rate            `env:"CLIENT_RATE_LIMIT"`
	TrustedProxies  prefixes        `env:"TRUSTED_PROXIES"`
	TraceParent     traceParent     `env:"TRACE_PARENT"`
	TracePropagate  sourceNames     `env:"TRACE_PROPAGATE"`
	APIKeys         apiKeys         `env:"API_KEYS"`
	JWKSURL         *url.URL        `env:"JWT_JWKS_URL"` // nil: no bearer tokens
	JWTIssuer       string          `env:"JWT_ISSUER"`
	JWTAudience     string          `env:"JWT_AUDIENCE"`
	AnonymousScopes scopes          `env:"ANONYMOUS_SCOPES"`
	RedisURL        Secret          `env:"REDIS_URL"`
	CacheMaxEntries int             `env:"CACHE_MAX_ENTRIES"`
	JaegerURL       *url.URL        `env:"JAEGER_UI_URL"` // nil: trace ids link nowhere

	OpenMeteo   upstreamConfig `envPrefix:"OPENMETEO_"`
	Geocoding   upstreamConfig `envPrefix:"GEOCODING_"`
	OpenWeather upstreamConfig `envPrefix:"OPENWEATHER_"`
	Metno       upstreamConfig `envPrefix:"METNO_"`
	Directory   upstreamConfig `envPrefix:"DIRECTORY_"`
	GitHub      upstreamConfig `envPrefix:"GITHUB_"`

	OpenMeteoAir upstreamConfig `envPrefix:"OPENMETEO_AIR_"`

	OpenWeatherKey       Secret     `env:"OPENWEATHER_API_KEY"`
	OpenMeteoKey         Secret     `env:"OPENMETEO_API_KEY"`
	DirectoryToken       Secret     `env:"DIRECTORY_TOKEN"`
	GitHubToken          Secret     `env:"GITHUB_TOKEN"`
	MetnoContact         string     `env:"METNO_CONTACT"`
	DirectoryIdempotency onOff      `env:"DIRECTORY_IDEMPOTENCY"`
	UsersGitHubLink      githubLink `env:"USERS_GITHUB_LINK"`

	SimAddr address `env:"SIM_ADDR"`
}

// upstreamConfig is how one upstream is called.
type upstreamConfig struct {
	URL                url.URL       `env:"URL"` // its path does not end in a slash
	Enabled            bool          `env:"ENABLED"`
	Timeout            time.Duration `env:"TIMEOUT"` // of one attempt
	Retries            int           `env:"RETRIES"`
	RetryDelay         time.Duration `env:"RETRY_DELAY"`
	RetryMaxDelay      time.Duration `env:"RETRY_MAX_DELAY"` // never below RetryDelay
	HedgeQuantile      float64       `env:"HEDGE_QUANTILE"`  // 0: no hedges
	MaxConcurrent      int           `env:"MAX_CONCURRENT"`
	RateLimit          rates         `env:"RATE_LIMIT"` // all windows must have room
	BreakerFailureRate float64       `env:"BREAKER_FAILURE_RATE"`
	BreakerMinCalls    int           `env:"BREAKER_MIN_CALLS"`
	BreakerWindow      time.Duration `env:"BREAKER_WINDOW"`
	BreakerDelay       time.Duration `env:"BREAKER_DELAY"`
	FreshFor           time.Duration `env:"FRESH_FOR"`
	RevalidateFor      time.Duration `env:"REVALIDATE_FOR"`
	StaleFor           time.Duration `env:"STALE_FOR"` // the greatest age ever served

	// keepUnvalidated says that an answer whose provider forbids its reuse without
	// asking (no-cache, must-revalidate) is still kept for when asking fails.
	keepUnvalidated bool
}

// defaults returns the configuration of an empty environment, but for what
// settle derives from other variables.
func defaults() config {
	cfg := config{
		ListenAddr:      ":8080",
		AdminAddr:       "127.0.0.1:8081",
		RequestTimeout:  5 * time.Second,
		Patience:        800 * time.Millisecond,
		ShutdownTimeout: 15 * time.Second,
		LogFormat:       logJSON,
		ClientRateLimit: rate{600, time.Minute},
		TraceParent:     traceJoin,
		CacheMaxEntries: 100_000,
		UsersGitHubLink: githubLinkOff,
		SimAddr:         "127.0.0.1:9100",
	}

	// The limits are the ones that the providers publish.
	openMeteo := rates{{600, time.Minute}, {5000, time.Hour}, {10_000, 24 * time.Hour}}
	cfg.OpenMeteo = upstreamDefaults("api.open-meteo.com", openMeteo)
	cfg.Geocoding = upstreamDefaults("geocoding-api.open-meteo.com", openMeteo)
	cfg.OpenWeather = upstreamDefaults("api.openweathermap.org", rates{{60, time.Minute}})
	cfg.Metno = upstreamDefaults("api.met.no", rates{{20, time.Second}})
	cfg.Directory = upstreamDefaults("jsonplaceholder.typicode.com", nil)
	cfg.GitHub = upstreamDefaults("api.github.com", rates{{60, time.Hour}})
	cfg.OpenMeteoAir = upstreamDefaults("air-quality-api.open-meteo.com", openMeteo)

	cfg.Geocoding.keepFor(24*time.Hour, 24*time.Hour, 720*time.Hour)
	cfg.Directory.keepFor(30*time.Second, time.Minute, 24*time.Hour)
	return cfg
}

func upstreamDefaults(host string, limit rates) upstreamConfig {
	u := upstreamConfig{
		URL:                url.URL{Scheme: "https", Host: host},
		Enabled:            true,
		Timeout:            2 * time.Second,
		Retries:            2,
		RetryDelay:         100 * time.Millisecond,
		RetryMaxDelay:      time.Second,
		HedgeQuantile:      0.95,
		MaxConcurrent:      64,
		RateLimit:          limit,
		BreakerFailureRate: 0.5,
		BreakerMinCalls:    20,
		BreakerWindow:      10 * time.Second,
		BreakerDelay:       5 * time.Second,
	}
	u.keepFor(10*time.Minute, 10*time.Minute, 24*time.Hour)
	return u
}

func (u *upstreamConfig) keepFor(fresh, revalidate, stale time.Duration) {
	u.FreshFor, u.RevalidateFor, u.StaleFor = fresh, revalidate, stale
}

// upstreams returns pointers to the seven upstreams, each by its source name, in
// the contract's order.
func (cfg *config) upstreams() []namedUpstream {
	return []namedUpstream{
		{"openmeteo", &cfg.OpenMeteo},
		{"geocoding", &cfg.Geocoding},
		{"openweather", &cfg.OpenWeather},
		{"metno", &cfg.Metno},
		{"directory", &cfg.Directory},
		{"github", &cfg.GitHub},
		{"openmeteo_air", &cfg.OpenMeteoAir},
	}
}

type namedUpstream struct {
	name string
	*upstreamConfig
}

// configError is every mistake in a configuration, a line each: the variable,
// a colon, what is wrong. It quotes no secret.
type configError []string

func (e configError) Error() string { return strings.Join(e, "\n") }

// readConfig reads the whole configuration. An empty variable counts as unset.
// The error, if any, is a configError with all the mistakes.
func readConfig(getenv func(string) string) (config, error) {
	cfg := defaults()
	r := readEnvironment(getenv, variables(cfg))
	r.parse(&cfg)
	cfg.settle(r)
	cfg.check(r)
	for _, p := range telemetry.CheckEnvironment(getenv) {
		if p.Fatal {
			r.add(p.Variable, "%s", p.Text)
		}
	}
	if len(r.mistakes) > 0 {
		return config{}, r.err(variables(cfg))
	}
	return cfg, nil
}

// variable is one variable of the environment and the value it has in a config.
type variable struct {
	name  string
	value any
}

// secret reports whether the variable's value is never to be shown, and may be
// given in a file.
func (v variable) secret() bool {
	switch v.value.(type) {
	case Secret, apiKeys:
		return true
	}
	return false
}

// variables lists every variable that config has a field for, in field order.
func variables(cfg config) []variable {
	return fieldVariables(reflect.ValueOf(cfg), "")
}

func fieldVariables(s reflect.Value, prefix string) []variable {
	var vars []variable
	for field, value := range s.Fields() {
		if name, ok := field.Tag.Lookup("env"); ok {
			vars = append(vars, variable{prefix + name, value.Interface()})
		} else if field.IsExported() {
			vars = append(vars, fieldVariables(value, prefix+field.Tag.Get("envPrefix"))...)
		}
	}
	return vars
}

// reading is one pass over the environment: what it holds, and what is wrong
// with that.
type reading struct {
	given    map[string]string // by variable; files read, empty values left out
	mistakes []mistake
}

// mistake is what is wrong with one variable. An error that joins several is
// reported a line each.
type mistake struct {
	variable string
	err      error
}

func (m mistake) Error() string { return m.variable + ": " + m.err.Error() }

func readEnvironment(getenv func(string) string, vars []variable) *reading {
	r := &reading{given: map[string]string{}}
	for _, v := range vars {
		value := getenv(v.name)
		if v.secret() {
			value = r.orFile(v.name, value, getenv(v.name+"_FILE"))
		}
		if value != "" {
			r.given[v.name] = value
		}
	}
	return r
}

// orFile returns the value of a secret, or what the file at path holds without
// one trailing newline. Its mistakes do not quote the path: where someone has
// put the secret itself, it would be shown.
func (r *reading) orFile(name, value, path string) string {
	if path == "" {
		return value
	}
	if value != "" {
		r.add(name+"_FILE", "%s is set as well (use one of them)", name)
		return ""
	}
	content, err := os.ReadFile(path)
	if err != nil {
		if pathErr, ok := errors.AsType[*os.PathError](err); ok {
			err = pathErr.Err
		}
		r.add(name+"_FILE", "the file cannot be read: %w", err)
		return ""
	}
	value = strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if value == "" {
		// Unset would be the other reading, but an empty file of API keys must
		// not quietly open the API.
		r.add(name+"_FILE", "the file is empty")
	}
	return value
}

// parse sets the fields of what was given. The errors of package env name
// fields, which mean nothing to an operator; but it calls OnSet with the
// variable just before the variable's parser, so the parsers can say the name.
func (r *reading) parse(cfg *config) {
	var current string
	named := make(map[reflect.Type]env.ParserFunc, len(parsers))
	for typ, parse := range parsers {
		named[typ] = func(value string) (any, error) {
			v, err := parse(value)
			if err != nil {
				return nil, mistake{current, err}
			}
			return v, nil
		}
	}
	err := env.ParseWithOptions(cfg, env.Options{
		Environment: r.given,
		OnSet:       func(name string, _ any, _ bool) { current = name },
		FuncMap:     named,
	})
	all, _ := errors.AsType[env.AggregateError](err)
	for _, err := range all.Errors {
		if parseErr, ok := err.(env.ParseError); ok { // which does not unwrap
			err = parseErr.Err
		}
		m, ok := err.(mistake)
		if !ok {
			m = mistake{"config", err} // ours: a field that no parser knows
		}
		r.mistakes = append(r.mistakes, m)
	}
}

func (r *reading) add(name, format string, args ...any) {
	r.mistakes = append(r.mistakes, mistake{name, fmt.Errorf(format, args...)})
}

// has reports whether the environment gives the variable, well or badly.
func (r *reading) has(name string) bool {
	_, ok := r.given[name]
	return ok || r.mistaken(name)
}

func (r *reading) mistaken(name string) bool {
	return slices.ContainsFunc(r.mistakes, func(m mistake) bool {
		return m.variable == name || m.variable == name+"_FILE"
	})
}

// err returns all mistakes in the order of vars.
func (r *reading) err(vars []variable) configError {
	order := map[string]int{}
	for i, v := range vars {
		order[v.name], order[v.name+"_FILE"] = i+1, i+1
	}
	position := func(m mistake) int { return cmp.Or(order[m.variable], len(vars)+1) } // others, OpenTelemetry's, come last
	slices.SortStableFunc(r.mistakes, func(a, b mistake) int { return position(a) - position(b) })

	var lines configError
	for _, m := range r.mistakes {
		for _, err := range joined(m.err) {
			lines = append(lines, mistake{m.variable, err}.Error())
		}
	}
	return lines
}

func joined(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}

// parsers has one for the type of every field of config. Their errors follow
// "VARIABLE: ".
var parsers = parserTable(
	parserOf(parseText),
	parserOf(parseBool),
	parserOf(parseInt),
	parserOf(parseNumber),
	parserOf(parseDuration),
	parserOf(parseURL),
	parserOf(parseSecret),
	parserOf(parseAddress),
	parserOf(parseOptionalAddress),
	parserOf(parseLogLevel),
	parserOf(oneOf(logJSON, logText)),
	parserOf(parseOrigins),
	parserOf(parseRate),
	parserOf(parseRates),
	parserOf(parsePrefixes),
	parserOf(oneOf(traceJoin, traceTrust, traceLink)),
	parserOf(parseSourceNames),
	parserOf(parseAPIKeys),
	parserOf(parseAnonymousScopes),
	parserOf(parseOnOff),
	parserOf(oneOf(githubLinkOff, githubLinkUsername)),
)

type typedParser struct {
	typ   reflect.Type
	parse env.ParserFunc
}

func parserOf[T any](parse func(string) (T, error)) typedParser {
	return typedParser{reflect.TypeFor[T](), func(value string) (any, error) { return parse(value) }}
}

func parserTable(all ...typedParser) map[reflect.Type]env.ParserFunc {
	table := make(map[reflect.Type]env.ParserFunc, len(all))
	for _, p := range all {
		table[p.typ] = p.parse
	}
	return table
}
