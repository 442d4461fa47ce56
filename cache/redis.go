package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Redis is what the replicas of a fleet share: bytes under keys, leases, and
// word of what is to be forgotten. It never hurts: every command has a short
// time-out, goes through a circuit breaker and a bulkhead, is not repeated, and
// a failure is a miss. A nil *Redis is one that is never there.
//
// It is safe for concurrent use.
type Redis struct {
	client   *redis.Client
	policies failsafe.Executor[any]
	tracer   trace.Tracer
	log      *slog.Logger
	news     *news
	holder   string // of its leases

	commands, failures atomic.Int64

	mu       sync.Mutex // guards what follows
	nextLog  time.Time
	unlogged int
}

// RedisConfig says which Redis, by a redis://, rediss:// or unix:// URL.
type RedisConfig struct {
	URL    string
	Tracer trace.Tracer // nil: none
	Logger *slog.Logger // nil: slog's default
}

const (
	redisTimeout = 50 * time.Millisecond // of one command
	redisPrefix  = "tributary:1:"        // with the version of what is stored
	redisCalls   = 128                   // in flight
)

// NewRedis makes a client. It does not wait for Redis to be there, and takes it
// up when it appears. Close it.
func NewRedis(cfg RedisConfig) (*Redis, error) {
	options, err := redis.ParseURL(cfg.URL)
	if err != nil {
		return nil, errors.New("not a Redis URL") // the error would quote it, password and all
	}
	options.MaxRetries = -1
	options.DialTimeout = redisTimeout
	options.ReadTimeout = redisTimeout
	options.WriteTimeout = redisTimeout
	options.PoolTimeout = redisTimeout
	options.PoolSize = 32
	options.MinIdleConns = 8 // a burst should not have to wait for handshakes
	options.ContextTimeoutEnabled = true
	options.DisableIdentity = true
	redis.SetLogger(silence{}) // what it has to say, its errors say too

	r := &Redis{client: redis.NewClient(options), tracer: cfg.Tracer, log: cfg.Logger, holder: rand.Text() + " "}
	if r.tracer == nil {
		r.tracer = noop.NewTracerProvider().Tracer("")
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	breaker := circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(0.5, 10, 5*time.Second).
		WithDelay(time.Second).
		WithSuccessThreshold(1).
		Build()
	r.policies = failsafe.With[any](bulkhead.New[any](redisCalls), breaker)
	r.news = listen(r)
	return r, nil
}

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// Close ends listening, and the connections.
func (r *Redis) Close() error {
	if r == nil {
		return nil
	}
	r.news.close()
	return r.client.Close()
}

// do runs one command under the policies. ctx gives its values, and no
// deadline: a command is over before anybody's budget is.
func (r *Redis) do(ctx context.Context, name string, command func(context.Context) error) error {
	ctx, span := r.tracer.Start(context.WithoutCancel(ctx), name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(semconv.DBSystemNameRedis, semconv.DBOperationName(name)))
	defer span.End()
	r.commands.Add(1)
	err := r.policies.Run(func() error {
		ctx, cancel := context.WithTimeout(ctx, redisTimeout)
		defer cancel()
		if err := command(ctx); !errors.Is(err, redis.Nil) {
			return err
		}
		return nil // that there is nothing is an answer
	})
	if err != nil {
		r.failures.Add(1)
		span.SetStatus(codes.Error, reason(err))
		span.SetAttributes(semconv.ErrorTypeKey.String(reason(err)))
		r.complain(err)
	}
	return err
}

// Counts are the commands so far, and those of them that failed or were not
// sent.
func (r *Redis) Counts() (commands, failures int64) {
	if r == nil {
		return 0, 0
	}
	return r.commands.Load(), r.failures.Load()
}

// reason is an error's class: its text may hold an address.
func reason(err error) string {
	switch {
	case errors.Is(err, circuitbreaker.ErrOpen):
		return "circuit_open"
	case errors.Is(err, bulkhead.ErrFull):
		return "overloaded"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	var answered redis.Error
	if errors.As(err, &answered) {
		return "refused"
	}
	return "connection"
}

// complain logs a failure, one line a minute.
func (r *Redis) complain(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Before(r.nextLog) {
		r.unlogged++
		return
	}
	r.log.Warn("redis failed; this process goes on with its own memory", "error", reason(err), "not_logged", r.unlogged)
	r.nextLog, r.unlogged = now.Add(time.Minute), 0
}
