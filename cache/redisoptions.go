package cache

import (
	"context"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// configure sets the options that a URL may not choose, and returns them.
func (r *Redis) configure(options *redis.Options) *redis.Options {
	options.MaxRetries = -1
	options.DialerRetries = 1 // with more, a refused connection ends as a time-out
	options.DialTimeout = max(dialTimeout, r.timeout)
	options.ReadTimeout = r.timeout
	options.WriteTimeout = r.timeout
	options.PoolTimeout = r.timeout
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
	options.Dialer = r.remembering(dial, options.DialTimeout)
	return options
}

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// remembering returns a dialer that stores the error of its last dial. It has a
// time-out, because a subscription dials without a deadline.
func (r *Redis) remembering(dial dialer, limit time.Duration) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		conn, err := dial(ctx, network, address)
		if err != nil {
			r.dialError.Store(&err)
		} else {
			r.dialError.Store(nil)
		}
		return conn, err
	}
}

// noLog is a logger for the Redis library that discards everything.
type noLog struct{}

func (noLog) Printf(context.Context, string, ...any) {}
