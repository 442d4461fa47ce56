package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
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

	// Changed is told when Redis stops answering, and when it answers again. nil: nobody is.
	Changed func(away bool)

	// Dial opens connections; nil: the system's dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

const (
	redisTimeout = 50 * time.Millisecond  // of one command, unless the URL says otherwise
	dialTimeout  = time.Second            // of a new connection; a command stops waiting earlier
	reachTimeout = 500 * time.Millisecond // of Reach
	redisPrefix  = "tributary:1:"         // with the version of the stored format
	redisCalls   = 128                    // in flight
	upkeepEvery  = 250 * time.Millisecond
)

// NewRedis returns a client. It does not wait for Redis, and uses it as soon as Redis
// answers. The caller must close it.
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
	r.client = redis.NewClient(r.configure(options))
	redis.SetLogger(silence{}) // its errors say the same

	breaker := circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(0.5, 10, 5*time.Second).
		WithDelay(time.Second).
		WithSuccessThreshold(1).
		HandleIf(func(_ any, err error) bool { return err != nil && !answered(err) }).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			switch {
			case cfg.Changed == nil:
			case e.OldState == circuitbreaker.ClosedState: // and not half-open, as after each test call
				cfg.Changed(true)
			case e.NewState == circuitbreaker.ClosedState:
				cfg.Changed(false)
			}
		}).
		Build()
	r.guarded = failsafe.With[any](bulkhead.New[any](redisCalls), breaker)
	r.urgent = failsafe.With[any](bulkhead.New[any](redisCalls))
	r.invalidations = listen(r)
	ctx, end := context.WithCancel(context.Background())
	r.end, r.ended = end, make(chan struct{})
	go r.upkeep(ctx)
	return r, nil
}

func (r *Redis) configure(options *redis.Options) *redis.Options {
	options.MaxRetries = -1
	options.DialerRetries = 1 // with more, a refused connection ends as a time-out
	options.DialTimeout = max(dialTimeout, r.timeout)
	options.ReadTimeout = r.timeout
	options.WriteTimeout = r.timeout
	options.PoolTimeout = r.timeout
	options.PoolSize = 32
	options.MinIdleConns = 8 // a burst should not have to wait for handshakes
	options.ContextTimeoutEnabled = true
	options.DisableIdentity = true
	// The client would otherwise ask on each new connection for notifications that only
	// Redis Enterprise sends, and hold a lock while it waits for the answer.
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	dial := r.dial
	if dial == nil {
		dial = redis.NewDialer(options)
	}
	options.Dialer = func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, options.DialTimeout) // a subscription dials without a deadline
		defer cancel()
		conn, err := dial(ctx, network, address)
		if err != nil {
			r.dialError.Store(&err)
		} else {
			r.dialError.Store(nil)
		}
		return conn, err
	}
	return options
}

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

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

// run runs one command under policies. Of ctx it uses only the values, because limit is
// shorter than any caller's deadline.
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

// answered reports whether err is an answer of Redis, which refused the command.
func answered(err error) bool {
	var refusal redis.Error
	return errors.As(err, &refusal)
}

// class is an error's class, for spans, because the error's text may have an address.
func class(err error) string {
	switch {
	case errors.Is(err, circuitbreaker.ErrOpen):
		return "circuit_open"
	case errors.Is(err, bulkhead.ErrFull):
		return "overloaded"
	case answered(err):
		return "refused"
	case timedOut(err):
		return "timeout"
	}
	return "connection"
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, redis.ErrPoolTimeout)
}

// why describes a failure for the log. A command that waits for a connection fails with
// its own time-out; then the error of the last dial says more.
func (r *Redis) why(err error) string {
	if dial := r.dialError.Load(); dial != nil && !answered(err) {
		err = *dial
	}
	var (
		netErr net.Error
		dns    *net.DNSError
	)
	switch {
	case errors.Is(err, circuitbreaker.ErrOpen):
		return "circuit open after too many failures"
	case errors.Is(err, bulkhead.ErrFull):
		return "too many commands in flight"
	case answered(err):
		code, _, _ := strings.Cut(err.Error(), " ") // the rest may quote what was sent
		return fmt.Sprintf("it refused the command: %.20s", code)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &dns) && !dns.IsTimeout:
		return "host name not resolved"
	case timedOut(err), errors.As(err, &netErr) && netErr.Timeout():
		return "no answer in time"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "host not reachable"
	}
	return "connection failed"
}

// logFailure logs a failure, at most one in a minute.
func (r *Redis) logFailure(err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Before(r.nextLog) {
		r.unlogged++
		return
	}
	r.log.Warn("redis failed; this process goes on with its own memory", "error", r.why(err), "address", r.address, "not_logged", r.unlogged)
	r.nextLog, r.unlogged = now.Add(time.Minute), 0
}
