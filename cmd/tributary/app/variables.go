package app

import (
	"cmp"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"time"
)

// variable is one variable of the environment, bound to the field of a config that
// it sets.
type variable struct {
	name   string
	secret bool // its value is never shown, and may be given in a file
	set    func(text string) error
	field  any // a pointer to the field
}

// bind makes a variable that sets the field. If parse refuses a text, the field keeps
// its value; the error is shown after "NAME: ".
func bind[T any](name string, field *T, parse func(string) (T, error)) variable {
	return variable{
		name: name,
		set: func(text string) error {
			value, err := parse(text)
			if err == nil {
				*field = value
			}
			return err
		},
		field: field,
	}
}

// bindSecret is bind for a field that holds a secret.
func bindSecret[T any](name string, field *T, parse func(string) (T, error)) variable {
	v := bind(name, field, parse)
	v.secret = true
	return v
}

// variables lists every variable, bound to cfg, in the order in which they are
// documented and check lists them.
func (cfg *config) variables() []variable {
	vars := []variable{
		bind("LISTEN_ADDR", &cfg.ListenAddr, parseAddress),
		bind("ADMIN_ADDR", &cfg.AdminAddr, parseOptionalAddress),
		bind("CONSOLE", &cfg.Console, parseOnOff),
		bind("CONSOLE_HOSTS", &cfg.ConsoleHosts, parseHostNames),
		bind("PPROF", &cfg.Pprof, parseOnOff),
		bind("REQUEST_TIMEOUT", &cfg.RequestTimeout, parseDuration),
		bind("PATIENCE", &cfg.Patience, parseDuration),
		bind("PATIENCE_MIN", &cfg.PatienceMin, parseDuration),
		bind("SHUTDOWN_TIMEOUT", &cfg.ShutdownTimeout, parseDuration),
		bind("DRAIN_DELAY", &cfg.DrainDelay, parseDuration),
		bind("LOG_LEVEL", &cfg.LogLevel, parseLogLevel),
		bind("LOG_FORMAT", &cfg.LogFormat, oneOf(logJSON, logText)),
		bind("CORS_ORIGINS", &cfg.CORSOrigins, parseOrigins),
		bind("CLIENT_RATE_LIMIT", &cfg.ClientRateLimit, parseRate),
		bind("ADMISSION", &cfg.Admission, oneOf(admissionAdaptive, admissionOff)),
		bind("TRUSTED_PROXIES", &cfg.TrustedProxies, parsePrefixes),
		bind("TRACE_PARENT", &cfg.TraceParent, oneOf(traceJoin, traceTrust, traceLink)),
		bind("TRACE_PROPAGATE", &cfg.TracePropagate, parseSourceNames(cfg.knownUpstreams())),
		bindSecret("API_KEYS", &cfg.APIKeys, parseAPIKeys(cfg.knownScopes())),
		bind("JWT_JWKS_URL", &cfg.JWKSURL, parseURLPointer),
		bind("JWT_ISSUER", &cfg.JWTIssuer, parseText),
		bind("JWT_AUDIENCE", &cfg.JWTAudience, parseText),
		bind("ANONYMOUS_SCOPES", &cfg.AnonymousScopes, parseAnonymousScopes(cfg.knownScopes())),
		bindSecret("REDIS_URL", &cfg.RedisURL, parseSecret),
		bind("CACHE_MAX_ENTRIES", &cfg.CacheMaxEntries, parseInt),
		bind("JAEGER_UI_URL", &cfg.JaegerURL, parseURLPointer),
		bind("ENDPOINTS_FILE", &cfg.EndpointsFile, parseText),
		bind("BUILTIN_ENDPOINTS", &cfg.BuiltIn, parseResources),
	}
	for i := range cfg.Upstreams {
		vars = append(vars, cfg.Upstreams[i].variables()...)
	}
	vars = append(vars, cfg.credentialVariables()...)
	return append(vars,
		bind("DIRECTORY_IDEMPOTENCY", &cfg.DirectoryIdempotency, parseOnOff),
		bind("USERS_GITHUB_LINK", &cfg.UsersGitHubLink, oneOf(githubLinkOff, githubLinkUsername)),
		bind("SIM_ADDR", &cfg.SimAddr, parseAddress),
	)
}

func (u *upstreamConfig) variables() []variable {
	name := u.provider.variable
	return []variable{
		bind(name("URL"), &u.URL, parseURL),
		bind(name("ENABLED"), &u.Enabled, parseBool),
		bind(name("TIMEOUT"), &u.Timeout, parseDuration),
		bind(name("RETRIES"), &u.Retries, parseInt),
		bind(name("RETRY_DELAY"), &u.RetryDelay, parseDuration),
		bind(name("RETRY_MAX_DELAY"), &u.RetryMaxDelay, parseDuration),
		bind(name("HEDGE_QUANTILE"), &u.HedgeQuantile, parseNumber),
		bind(name("MAX_CONCURRENT"), &u.MaxConcurrent, parseInt),
		bind(name("RATE_LIMIT"), &u.RateLimit, parseRates),
		bind(name("BREAKER_FAILURE_RATE"), &u.BreakerFailureRate, parseNumber),
		bind(name("BREAKER_MIN_CALLS"), &u.BreakerMinCalls, parseInt),
		bind(name("BREAKER_WINDOW"), &u.BreakerWindow, parseDuration),
		bind(name("BREAKER_DELAY"), &u.BreakerDelay, parseDuration),
		bind(name("FRESH_FOR"), &u.FreshFor, parseDuration),
		bind(name("REVALIDATE_FOR"), &u.RevalidateFor, parseDuration),
		bind(name("STALE_FOR"), &u.StaleFor, parseDuration),
	}
}

// credentialVariables lists each variable once: keys that a provider needs, then
// those that it can do without, then contacts.
func (cfg *config) credentialVariables() (vars []variable) {
	var contacts []variable
	needed := slices.Clone(cfg.Upstreams)
	slices.SortStableFunc(needed, func(a, b *upstreamConfig) int {
		return cmp.Compare(b.provider.needs, "") - cmp.Compare(a.provider.needs, "")
	})
	for _, u := range needed {
		key := u.provider.credential.variable
		if key != "" && !slices.ContainsFunc(vars, func(v variable) bool { return v.name == key }) {
			vars = append(vars, bindSecret(key, cfg.Keys[key], parseSecret))
		}
		if u.provider.contact {
			contacts = append(contacts, bind(u.provider.variable("CONTACT"), &u.Contact, parseContact))
		}
	}
	return append(vars, contacts...)
}

// String writes the value as the environment would, but a secret only as set or
// unset.
func (v variable) String() string {
	switch value := reflect.ValueOf(v.field).Elem().Interface().(type) {
	case time.Duration:
		return formatDuration(value)
	case url.URL:
		return value.String()
	case *url.URL:
		if value == nil {
			return ""
		}
		return value.String()
	default:
		return fmt.Sprint(value)
	}
}
