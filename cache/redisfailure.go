package cache

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/redis/go-redis/v9"
)

// answered reports whether err is an error that Redis itself answered: it refused the
// command.
func answered(err error) bool {
	var refusal redis.Error
	return errors.As(err, &refusal)
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, redis.ErrPoolTimeout)
}

// redisBreaker opens when half of at least ten commands within five seconds fail. It
// calls changed when it opens and when it closes again, unless changed is nil.
func redisBreaker(changed func(away bool)) circuitbreaker.CircuitBreaker[any] {
	return circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(0.5, 10, 5*time.Second).
		WithDelay(time.Second).
		WithSuccessThreshold(1).
		HandleIf(func(_ any, err error) bool { return err != nil && !answered(err) }).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			switch {
			case changed == nil:
			case e.OldState == circuitbreaker.ClosedState: // not from half-open, as after each failed probe
				changed(true)
			case e.NewState == circuitbreaker.ClosedState:
				changed(false)
			}
		}).
		Build()
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

// logFailure logs a failure, unless it logged one less than a minute ago.
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
