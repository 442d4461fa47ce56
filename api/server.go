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

	"tributary/api/auth"
	"tributary/cache"
	"tributary/telemetry"
	"tributary/upstream/air"
	"tributary/upstream/users"
	"tributary/upstream/weather"
)

// Config is what the public API is made of.
type Config struct {
	Auth      *auth.Authenticator
	Weather   *weather.Service
	Air       *air.Service
	Users     *users.Service // nil: switched off
	Redis     *cache.Redis   // shares Idempotency-Keys; nil: each replica has its own
	Status    func() Status
	Ready     func() bool // false while draining
	Telemetry *telemetry.Telemetry
	Logger    *slog.Logger

	RequestTimeout time.Duration
	ClientLimit    Limit
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Origins        []string       // of pages that may read answers; "*": all
	V1             Lifecycle      // of the paths below /v1
	PublicReads    bool           // anonymous callers may read, so shared caches may keep what they get
}

type server struct {
	Config
	log     *slog.Logger
	replays replays
	fleet   fleet
	counts  counts

	// The middleware of a group is built for each of its routes: what those
	// share is here.
	clients          *limiter // nil: no limit
	wrongCredentials *limiter // by address
	warnOfProxies    sync.Once
}

// New is the handler of the public listener.
func New(cfg Config) http.Handler {
	tries := cfg.ClientLimit // of wrong credentials, which are always limited
	if tries.Calls == 0 {
		tries = Limit{600, time.Minute}
	}
	s := &server{
		Config: cfg,
		log:    cfg.Logger,
		fleet:  fleet{redis: cfg.Redis, running: cfg.RequestTimeout + 5*time.Second},
		counts: newCounts(cfg.Telemetry.Meter(), cfg.Logger),

		clients:          newLimiter(cfg.ClientLimit, "", cfg.Redis),
		wrongCredentials: newLimiter(tries, "wrong-credentials:", cfg.Redis),
	}
	return s.routes()
}

// statusCallerGone is nginx's: nobody reads it, but the log and the trace must
// not take a caller who hung up for a failure of ours.
const statusCallerGone = 499

// handle lets handlers return errors; problem is the only place that knows
// what status they have.
func (s *server) handle(fn func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch err := fn(w, r); {
		case err == nil:
		case asProblem(err).Status == http.StatusRequestTimeout: // net/http cancels the context when a read times out
			s.problem(w, r, err)
		case errors.Is(r.Context().Err(), context.Canceled):
			w.WriteHeader(statusCallerGone)
		default:
			s.problem(w, r, err)
		}
	}
}

// pathParam is a segment of the path, however it was written: chi gives it as
// it was sent where a plain character is percent-encoded (RFC 3986 §2.3).
func pathParam(r *http.Request, name string) string {
	v := chi.URLParam(r, name)
	if r.URL.RawPath != "" { // what chi has matched
		v, _ = url.PathUnescape(v) // net/http has done it before
	}
	return v
}

// facts are what the log and the trace want to know of a request and only its
// handler can tell.
type facts struct {
	requestID string
	address   netip.Addr // of the client, below /v1
	degraded  bool
}

type factsKey struct{}

func factsOf(ctx context.Context) *facts {
	f, ok := ctx.Value(factsKey{}).(*facts)
	if !ok {
		return &facts{} // outside the middleware: nobody reads it
	}
	return f
}
