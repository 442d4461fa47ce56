package app

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tributary/api"
	"tributary/cache"
	"tributary/telemetry"
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

// configError is every mistake in a configuration, a line each: the variable,
// a colon, what is wrong. It never quotes a secret.
type configError []string

func (e configError) Error() string { return strings.Join(e, "\n") }

// readConfig reads the whole configuration, with the file of endpoints. An empty
// variable counts as unset. The error, if any, is a configError with all the mistakes.
func readConfig(getenv func(string) string) (config, error) { return rereadConfig(getenv, nil) }

// rereadConfig is readConfig while a gateway runs as before says. What callers may do,
// and which upstreams are sent a trace, was decided at its start, so names that stood
// in the file then are still known.
func rereadConfig(getenv func(string) string, before *config) (config, error) {
	cfg := defaults()
	cfg.before = before
	r := newReading()
	var inFile []declared.Mistake
	if file := getenv("ENDPOINTS_FILE"); file != "" {
		inFile = cfg.declare(file, r)
		r.scopesUnknown = cfg.endpoints.Unread
	}
	vars := cfg.variables()
	r.environment(getenv, vars)
	r.parse(vars)
	cfg.settle(r)
	cfg.check(r)
	for _, p := range telemetry.CheckEnvironment(getenv) {
		if p.Fatal {
			r.add(p.Variable, "%s", p.Text)
		}
	}
	if cfg.endpoints != nil {
		inFile = append(inFile, r.takeInFile()...)
		inFile = append(inFile, cfg.compile()...)
	}
	if len(r.mistakes) > 0 || len(inFile) > 0 {
		return config{endpoints: cfg.endpoints}, append(r.err(vars), lines(filepath.Dir(getenv("ENDPOINTS_FILE")), inFile)...)
	}
	return cfg, nil
}

// reading holds the given values of the environment and the mistakes found in them.
type reading struct {
	given    map[string]string // by variable; files read, empty values left out
	mistakes []mistake

	// scopesUnknown: the file of endpoints could not be read, and with it the scopes
	// that it names.
	scopesUnknown bool

	// The file of endpoints gives some variables their defaults. What is wrong with
	// the others of an upstream that it declares is a mistake there, too.
	settings  map[string]func(what string) declared.Mistake // by variable, of what the file gives
	defaulted map[string]func(what string) declared.Mistake // and of what it does not give
}

func newReading() *reading {
	return &reading{
		given:     map[string]string{},
		settings:  map[string]func(string) declared.Mistake{},
		defaulted: map[string]func(string) declared.Mistake{},
	}
}

// takeInFile takes the mistakes about variables that the environment does not give,
// and that the file of endpoints does or should.
func (r *reading) takeInFile() (inFile []declared.Mistake) {
	r.mistakes = slices.DeleteFunc(r.mistakes, func(m mistake) bool {
		at := r.settings[m.variable]
		if at == nil {
			at = r.defaulted[m.variable]
		}
		if _, given := r.given[m.variable]; given || at == nil || m.environment {
			return false
		}
		inFile = append(inFile, at(m.err.Error()))
		return true
	})
	return inFile
}

// lines are the mistakes in the file and in its schemas, each once, by place. Their
// names are as seen from where the program runs, not from the folder of the file.
func lines(folder string, mistakes []declared.Mistake) (all []string) {
	for _, m := range declared.Sorted(mistakes) {
		m.File = filepath.Join(folder, m.File)
		all = append(all, m.String())
	}
	return all
}

// mistake is what is wrong with one variable. An error that joins several is
// reported a line each.
type mistake struct {
	variable    string
	err         error
	environment bool // it is about the environment, whatever the file gives
}

func (m mistake) Error() string { return m.variable + ": " + m.err.Error() }

// environment reads the variables that are set, and the files of secrets.
func (r *reading) environment(getenv func(string) string, vars []variable) {
	for _, v := range vars {
		value := getenv(v.name)
		if v.secret {
			value = r.orFile(v.name, value, getenv(v.name+"_FILE"))
		}
		if value != "" {
			r.given[v.name] = value
		}
	}
}

// orFile returns the value of a secret: value, or the content of the file at path
// without one trailing newline. Its mistakes do not quote the path, because someone
// may have put the secret itself there.
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
		// If it counted as unset, an empty file of API keys would open the API to all.
		r.add(name+"_FILE", "the file is empty")
	}
	return value
}

// parse sets the field of each given variable.
func (r *reading) parse(vars []variable) {
	for _, v := range vars {
		text, ok := r.given[v.name]
		if !ok {
			continue
		}
		err := v.set(text)
		if err != nil && r.scopesUnknown {
			err = withoutUnknownScopes(err)
		}
		if err != nil {
			r.mistakes = append(r.mistakes, mistake{variable: v.name, err: err})
		}
	}
}

func (r *reading) add(name, format string, args ...any) {
	r.mistakes = append(r.mistakes, mistake{variable: name, err: fmt.Errorf(format, args...)})
}

// has reports whether the environment sets the variable, also to a malformed value.
func (r *reading) has(name string) bool {
	_, ok := r.given[name]
	return ok || r.settings[name] != nil || r.mistaken(name)
}

// usable reports whether the environment sets the variable to a well-formed value.
func (r *reading) usable(name string) bool { return r.has(name) && !r.mistaken(name) }

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
	position := func(m mistake) int { return cmp.Or(order[m.variable], len(vars)+1) } // OpenTelemetry's variables are not in vars: they come last
	slices.SortStableFunc(r.mistakes, func(a, b mistake) int { return position(a) - position(b) })

	var lines configError
	for _, m := range r.mistakes {
		for _, err := range joined(m.err) {
			lines = append(lines, mistake{variable: m.variable, err: err}.Error())
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
