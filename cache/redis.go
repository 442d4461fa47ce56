package cache

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Redis is a client of the Redis that the replicas of a fleet share. It has cached
// entries, leases, claims of Idempotency-Keys, clients' limits and invalidation
// messages. A failed command counts as a cache miss: it has a short time-out and is not
// repeated, and reads go through a circuit breaker. A nil *Redis is empty and stores
// nothing.
//
// It is safe for concurrent use.
type Redis struct {
	client  *redis.Client
	address string        // host:port, or the path of a socket
	timeout time.Duration // of one command
	process string        // random; marks leases and claims as this process's
	tracer  trace.Tracer
	log     *slog.Logger
	dial    func(ctx context.Context, network, addr string) (net.Conn, error) // nil: the system's

	guarded failsafe.Executor[any] // with the circuit breaker
	urgent  failsafe.Executor[any] // without it

	invalidations *invalidations
	claims        claims
	end           context.CancelFunc // of upkeep
	ended         chan struct{}

	commands, failures atomic.Int64
	dialError          atomic.Pointer[error] // of the last dial; nil if it succeeded

	mu       sync.Mutex // guards what follows
	nextLog  time.Time
	unlogged int
}

// RedisConfig configures a Redis client. URL is redis://, rediss:// or unix://; its
// read_timeout, if it has one, is the time-out of a command.
type RedisConfig struct {
	URL    string
	Tracer trace.Tracer // nil: none
	Logger *slog.Logger // nil: slog's default

	// Changed is called when Redis stops answering (away is true), and when it answers again.
	// nil: not called.
	Changed func(away bool)

	// Dial opens connections; nil: the system's dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Connections is how many there are at most; 0: 32. Commands wait for one that is free.
	Connections int
}

const (
	connections  = 32
	redisTimeout = 50 * time.Millisecond  // of one command, unless the URL says otherwise
	dialTimeout  = time.Second            // of a new connection; a command does not wait that long
	reachTimeout = 500 * time.Millisecond // of Reach
	redisPrefix  = "tributary:1:"         // with the version of the stored format
	redisCalls   = 128                    // in flight
	upkeepEvery  = 250 * time.Millisecond
)

// NewRedis returns a client, also while Redis is away: commands fail until it answers.
// The caller must close the client.
func NewRedis(cfg RedisConfig) (*Redis, error) {
	options, err := redis.ParseURL(cfg.URL)
	if err != nil {
		return nil, errors.New("not a Redis URL") // err would quote the URL with its password
	}
	r := &Redis{address: options.Addr, timeout: redisTimeout, process: rand.Text(), tracer: cfg.Tracer, log: cfg.Logger, dial: cfg.Dial}
	if options.ReadTimeout > 0 {
		r.timeout = options.ReadTimeout
	}
	if r.tracer == nil {
		r.tracer = noop.NewTracerProvider().Tracer("")
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	options.PoolSize = cmp.Or(cfg.Connections, connections)
	r.client = redis.NewClient(r.configure(options))
	redis.SetLogger(noLog{}) // the errors that it returns say the same

	r.guarded = failsafe.With[any](bulkhead.New[any](redisCalls), redisBreaker(cfg.Changed))
	r.urgent = failsafe.With[any](bulkhead.New[any](redisCalls))
	r.invalidations = listen(r)
	ctx, end := context.WithCancel(context.Background())
	r.end, r.ended = end, make(chan struct{})
	go r.upkeep(ctx)
	return r, nil
}

// Close tries once more to store what Redis has not stored, and then closes all
// connections.
func (r *Redis) Close() error {
	if r == nil {
		return nil
	}
	r.end()
	<-r.ended
	r.invalidations.retry()
	r.claims.renew(time.Now())
	r.invalidations.close()
	return r.client.Close()
}

// upkeep retries what Redis did not store at first, and renews claims.
func (r *Redis) upkeep(ctx context.Context) {
	defer close(r.ended)
	ticker := time.NewTicker(upkeepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			r.invalidations.retry()
			r.claims.renew(now)
		}
	}
}

// Address is where Redis is, without credentials.
func (r *Redis) Address() string { return r.address }

// Reach returns nil if Redis answers within half a second. Its error does not quote
// the URL.
func (r *Redis) Reach(ctx context.Context) error {
	err := r.run(ctx, r.urgent, reachTimeout, "PING", func(ctx context.Context) error { return r.client.Ping(ctx).Err() })
	if err != nil {
		return errors.New(r.why(err))
	}
	return nil
}

// do runs a command, or fails at once while the circuit breaker is open.
func (r *Redis) do(ctx context.Context, name string, command func(context.Context) error) error {
	err := r.run(ctx, r.guarded, r.timeout, name, command)
	r.logFailure(err)
	return err
}

// must runs a command even while the circuit breaker is open.
func (r *Redis) must(ctx context.Context, name string, command func(context.Context) error) error {
	err := r.run(ctx, r.urgent, r.timeout, name, command)
	r.logFailure(err)
	return err
}

// run runs one command under policies. It ignores the deadline and the cancellation of
// ctx, because limit is shorter than any caller's deadline.
func (r *Redis) run(ctx context.Context, policies failsafe.Executor[any], limit time.Duration, name string, command func(context.Context) error) error {
	ctx, span := r.tracer.Start(context.WithoutCancel(ctx), name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(semconv.DBSystemNameRedis, semconv.DBOperationName(name)))
	defer span.End()
	r.commands.Add(1)
	err := policies.Run(func() error {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		if err := command(ctx); !errors.Is(err, redis.Nil) {
			return err
		}
		return nil // "no such key" is an answer, not a failure
	})
	if err != nil {
		r.failures.Add(1)
		span.SetStatus(codes.Error, class(err))
		span.SetAttributes(semconv.ErrorTypeKey.String(class(err)))
	}
	return err
}

// Counts returns the number of commands so far, and how many of them failed or were not
// sent.
func (r *Redis) Counts() (commands, failures int64) {
	if r == nil {
		return 0, 0
	}
	return r.commands.Load(), r.failures.Load()
}
