package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"tributary"
	"tributary/api/admission"
	"tributary/api/auth"
	"tributary/cache"
	"tributary/telemetry"
	"tributary/upstream/air"
	"tributary/upstream/forecast"
	"tributary/upstream/users"
	"tributary/upstream/weather"
)

// Config configures the public API.
type Config struct {
	Auth      *auth.Authenticator
	Weather   *weather.Service
	Forecast  *forecast.Service
	Air       *air.Service
	Users     *users.Service // nil: no directory is configured
	Redis     *cache.Redis   // stores idempotency keys for all replicas; nil: each replica stores its own
	Status    func() Status
	Ready     func() bool // false while draining
	Telemetry *telemetry.Telemetry
	Logger    *slog.Logger

	RequestTimeout time.Duration
	ClientLimit    Limit
	TrustedProxies []netip.Prefix // only their X-Forwarded-For is used
	Origins        []string       // origins whose pages may read answers; "*": all
	V1             Lifecycle      // of the paths below /v1
	StreamLimits   StreamLimits   // zero members: the defaults
	PublicReads    bool           // anonymous callers may read, so shared caches may store answers

	// BuiltIn names the built-in resources that are served. Nil: all.
	BuiltIn []Resource

	// Admission limits how many requests ask upstreams. Nil: all may.
	Admission *admission.Limiter

	// Demo is what the pages of a demo offer. Nil: it is none.
	Demo *Demo

	// Document is /openapi.yaml while no endpoint is declared. Nil: the contract.
	Document func() []byte
}

type server struct {
	Config
	log     *slog.Logger
	replays replays
	fleet   *fleet
	metrics metrics

	readable readable

	builtIn  chi.Routes
	lookups  lookups           // of the built-in routes
	declared current           // endpoints that a file declares
	batches  map[string]string // the parameter of batches, by path
	streams  *streams

	// chi builds a group's middleware once for each route; state that the routes share
	// lives here.
	clients          *limiter // nil: no limit
	wrongCredentials *limiter // by address; for requests with invalid credentials
	warnOfProxies    sync.Once
}

// API is the handler of the public listener.
type API struct {
	http.Handler
	server *server
}

// New returns an API without declared endpoints.
func New(cfg Config) *API {
	if cfg.BuiltIn == nil {
		cfg.BuiltIn = Resources
	}
	if cfg.Document == nil {
		cfg.Document = func() []byte { return tributary.OpenAPI }
	}
	tries := cfg.ClientLimit // invalid credentials are limited even if clients are not
	if tries.Calls == 0 {
		tries = Limit{600, time.Minute}
	}
	s := &server{
		Config:  cfg,
		log:     cfg.Logger,
		fleet:   newFleet(cfg),
		metrics: newMetrics(cfg.Telemetry.Meter(), cfg.Logger),
		batches: batchPaths(cfg.BuiltIn),
		lookups: make(lookups),

		streams:          newStreams(cfg.StreamLimits),
		replays:          replays{running: cfg.RequestTimeout},
		clients:          newLimiter(cfg.ClientLimit, "", cfg.Redis),
		wrongCredentials: newLimiter(tries, "wrong-credentials:", cfg.Redis),
	}
	s.measureAdmission(cfg.Telemetry.Meter())
	routes := s.routes()
	s.builtIn = routes
	return &API{s.refuseEarly(s.serve(routes)), s}
}

// statusCallerGone is nginx's 499 for a caller that disconnected. It is never sent;
// it keeps such requests from being logged and traced as our failures.
const statusCallerGone = 499

// handle adapts a handler that returns an error; problem maps the error to a status.
func (s *server) handle(fn func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch err := fn(w, r); {
		case err == nil:
		case isIncomplete(err): // net/http has cancelled the context, but the client may still read
			s.problem(w, r, err)
		case errors.Is(r.Context().Err(), context.Canceled):
			w.WriteHeader(statusCallerGone)
		default:
			s.problem(w, r, err)
		}
	}
}

// pathParam returns a decoded segment of the path. chi matches the raw path if the
// client percent-encoded plain characters, so this decodes it (RFC 3986 §2.3).
func pathParam(r *http.Request, name string) string {
	v := chi.URLParam(r, name)
	if r.URL.RawPath != "" { // then chi has matched the raw path
		v, _ = url.PathUnescape(v) // cannot fail: net/http has decoded it once
	}
	return v
}
