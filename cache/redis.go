package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
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

// Stamp says which word of what is to be forgotten a reader has heard. What is
// read from an upstream under an old stamp is not stored.
type Stamp struct{ group, key string }

func entryKey(group, key string) string { return redisPrefix + "entry:" + group + ":" + key }
func stampKey(group, key string) string { return redisPrefix + "stamp:" + group + ":" + key }

// Load is what is stored under a key of a group, nil for nothing; known is
// false when Redis could not be asked.
func (r *Redis) Load(ctx context.Context, group, key string) (b []byte, at Stamp, known bool) {
	if r == nil {
		return nil, at, false
	}
	err := r.do(ctx, "MGET", func(ctx context.Context) error {
		values, err := r.client.MGet(ctx, entryKey(group, key), stampKey(group, ""), stampKey(group, key)).Result()
		if err != nil {
			return err
		}
		text := func(i int) string { s, _ := values[i].(string); return s }
		at = Stamp{group: text(1), key: text(2)}
		stored := text(0)
		if n := len(at.group); len(stored) > n && stored[:n] == at.group && stored[n] == '\n' {
			b = []byte(stored[n+1:])
		}
		return nil
	})
	return b, at, err == nil
}

// store sets an entry if nothing was forgotten since its stamp was read.
var store = redis.NewScript(`
if (redis.call('GET', KEYS[2]) or '') == ARGV[1] and (redis.call('GET', KEYS[3]) or '') == ARGV[2] then
	redis.call('SET', KEYS[1], ARGV[1] .. '\n' .. ARGV[3], 'PX', ARGV[4])
end
return 0`)

// Store keeps b under a key of a group for d, unless the key or the group was
// forgotten since the stamp was read.
func (r *Redis) Store(ctx context.Context, group, key string, at Stamp, b []byte, d time.Duration) {
	if r == nil || d < time.Millisecond {
		return
	}
	_ = r.do(ctx, "EVALSHA", func(ctx context.Context) error {
		return store.Run(ctx, r.client, []string{entryKey(group, key), stampKey(group, ""), stampKey(group, key)},
			at.group, at.key, b, d.Milliseconds()).Err()
	})
}

// release ends a lease if it is still its holder's.
var release = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)

// extend makes a lease last if it is still its holder's.
var extend = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`)

// leaseFor is how long the others wait for a holder who has died. Whoever lives
// makes a lease last.
const leaseFor = 500 * time.Millisecond

// Lease takes the right to do something alone in the fleet, until it is given
// back. It is not taken when another has it; where Redis cannot be asked it is,
// as then nobody can know. One of ours that was never given back, as Redis could
// not be asked then, is taken over.
func (r *Redis) Lease(ctx context.Context, group, key string) (giveBack func(), taken bool) {
	if r == nil {
		return func() {}, true
	}
	name, token, held := redisPrefix+"lease:"+group+":"+key, r.holder+rand.Text(), ""
	err := r.do(ctx, "SET", func(ctx context.Context) (err error) {
		held, err = r.client.SetArgs(ctx, name, token, redis.SetArgs{Mode: "NX", Get: true, TTL: leaseFor}).Result()
		return err
	})
	switch {
	case err != nil:
		return func() {}, true
	case strings.HasPrefix(held, r.holder):
		token = held
	case held != "":
		return nil, false
	}
	return r.holding(ctx, name, token), true
}

// holding makes a lease last until what it returns is called.
func (r *Redis) holding(ctx context.Context, name, token string) (giveBack func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(leaseFor / 3)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				_ = r.do(ctx, "EVALSHA", func(ctx context.Context) error {
					return extend.Run(ctx, r.client, []string{name}, token, leaseFor.Milliseconds()).Err()
				})
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(done)
		_ = r.do(ctx, "EVALSHA", func(ctx context.Context) error {
			return release.Run(ctx, r.client, []string{name}, token).Err()
		})
	})
}

// Invalidate removes a key of a group, or with "" the whole group, from Redis,
// tells every replica that listens, and waits a moment for their
// acknowledgements. With keep, a replica keeps what it has for when asking the
// upstream fails, but asks first.
func (r *Redis) Invalidate(ctx context.Context, group, key string, keep bool) {
	if r == nil {
		return
	}
	var told int64
	word := r.news.word(group, key, keep)
	err := r.do(ctx, "PUBLISH", func(ctx context.Context) error {
		commands, err := r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			// A key's stamp need only outlive the flights that are in the air; a
			// group's guards entries that cannot be listed, and stays.
			life := 10 * time.Minute
			if key == "" {
				life = 0
			} else {
				p.Del(ctx, entryKey(group, key))
			}
			p.Set(ctx, stampKey(group, key), rand.Text(), life)
			p.Publish(ctx, forgetChannel, word.text)
			return nil
		})
		if err == nil {
			told = commands[len(commands)-1].(*redis.IntCmd).Val()
		}
		return err
	})
	if err == nil {
		word.heard(int(told), redisTimeout)
	}
	r.news.forgetWord(word)
}

// OnInvalidate calls invalidate with the keys of a group that other replicas
// have invalidated, and with "" for all of it: also whenever a message may have
// been missed. With keep, the old value may still be served when asking the
// upstream fails.
func (r *Redis) OnInvalidate(group string, invalidate func(key string, keep bool)) {
	if r != nil {
		r.news.subscribe(group, invalidate)
	}
}

// claim takes a key that nobody has, or tells what is there.
var claim = redis.NewScript(`
local there = redis.call('GET', KEYS[1])
if there then return there end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ''`)

// Claim puts b under a key that has nothing, for d; taken says that it did, and
// there is what another has put. known is false when Redis could not be asked.
func (r *Redis) Claim(ctx context.Context, key string, b []byte, d time.Duration) (there []byte, taken, known bool) {
	if r == nil {
		return nil, false, false
	}
	var found string
	err := r.do(ctx, "EVALSHA", func(ctx context.Context) (err error) {
		found, err = claim.Run(ctx, r.client, []string{redisPrefix + "claim:" + key}, b, d.Milliseconds()).Text()
		return err
	})
	return []byte(found), err == nil && found == "", err == nil
}

// Settle puts b in the place of what was claimed, for d; nil gives the key up.
func (r *Redis) Settle(ctx context.Context, key string, b []byte, d time.Duration) {
	if r == nil {
		return
	}
	_ = r.do(ctx, "SET", func(ctx context.Context) error {
		if b == nil {
			return r.client.Del(ctx, redisPrefix+"claim:"+key).Err()
		}
		return r.client.Set(ctx, redisPrefix+"claim:"+key, b, d).Err()
	})
}

// take is GCRA (a token bucket) on Redis's own clock, in milliseconds. It
// calculates with what is used of the window: added to the time of day, a short
// span would lose its last digits. Times are stored to the microsecond, so that
// much more than the window is still within it.
var take = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local window = tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
local used = math.min(math.max(full - now, 0), window)
local after = used + window / tonumber(ARGV[1])
if after > window + 0.001 then
	return {tostring(after - window), tostring(used)}
end
redis.call('SET', KEYS[1], string.format('%.3f', now + after), 'PX', math.max(1, math.ceil(after)))
return {'0', tostring(after)}`)

// Take takes a token of a bucket that holds calls and is filled in window: retry
// is 0 if there was one, else the time until there is; reset is when the bucket
// is full. known is false when Redis could not be asked.
func (r *Redis) Take(ctx context.Context, key string, calls int, window time.Duration) (retry, reset time.Duration, known bool) {
	if r == nil {
		return 0, 0, false
	}
	err := r.do(ctx, "EVALSHA", func(ctx context.Context) error {
		waits, err := take.Run(ctx, r.client, []string{redisPrefix + "limit:" + key}, calls, float64(window)/float64(time.Millisecond)).Float64Slice()
		if err != nil {
			return err
		}
		retry, reset = milliseconds(waits[0]), milliseconds(waits[1])
		return nil
	})
	return retry, reset, err == nil
}

// milliseconds is at most 146 years: as float64 the longest Duration is one too
// long.
func milliseconds(ms float64) time.Duration {
	return time.Duration(min(ms*float64(time.Millisecond), 1<<62))
}
