package upstream

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"go.opentelemetry.io/otel/trace"

	"tributary/cache"
)

// flight is one question in the air, with all its attempts. It belongs to its
// key and not to a caller: it runs on although whoever began it has left, for a
// constant time, and any number may wait for it.
type flight struct {
	old    atomic.Pointer[cache.Entry]       // what memory had, or the second tier; nil: nothing
	leader atomic.Pointer[trace.SpanContext] // of whoever flies it

	start    time.Time
	deadline time.Time

	attemptBy atomic.Int64 // deadline of the running attempt and its hedge, ns after start
	sent      atomic.Int32 // requests
	running   atomic.Int32 // attempts
	last      atomic.Pointer[Error]

	conditional atomic.Bool // it was sent with validators
	uncertain   atomic.Bool // it is a write that may have been carried out

	disowned bool // guarded by the source's mu: what it brings is not to be kept

	done chan struct{}
	out  *outcome // after done, unless err
	err  *Error
}

// outcome is what the policies hand around: the entry to serve, and if it is
// the old one, why.
type outcome struct {
	entry  *cache.Entry
	why    *Error // nil: the entry is new, or confirmed
	shared bool   // it is from the second tier: nobody was asked here
	status int    // of the answer that brought it
}

type flightKey struct{}

func newFlight(old *cache.Entry, budget time.Duration) *flight {
	now := time.Now()
	f := &flight{start: now, deadline: now.Add(budget), done: make(chan struct{})}
	f.old.Store(old)
	return f
}

// attemptDeadline is when an attempt that begins now has to end. An attempt
// and its hedge share it, or the pair would last longer than one may.
func (f *flight) attemptDeadline(now time.Time, limit time.Duration, hedge bool) time.Time {
	if by := f.attemptBy.Load(); hedge && by > 0 {
		return f.start.Add(time.Duration(by))
	}
	by := now.Add(limit)
	if by.After(f.deadline) {
		by = f.deadline
	}
	f.attemptBy.Store(int64(by.Sub(f.start)))
	return by
}

// landed reports whether the flight is over.
func (f *flight) landed() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// run takes a flight through the policies. ctx carries values only; the
// upstream's Close is what cancels it.
func (u *Upstream) run(ctx context.Context, policies failsafe.Executor[*outcome], f *flight, what exchange) (*outcome, *Error) {
	ctx, cancel := context.WithCancel(context.WithValue(ctx, flightKey{}, f))
	defer cancel()
	defer context.AfterFunc(u.life, cancel)()
	out, err := policies.WithContext(ctx).GetWithExecution(func(x failsafe.Execution[*outcome]) (*outcome, error) {
		return u.attempt(x, f, what)
	})
	if err != nil {
		return nil, u.reason(err, f)
	}
	return out, nil
}

// fallBack serves the old value when asking has failed, and takes the reason
// along. What the upstream says does not exist is not served from before.
func (u *Upstream) fallBack(x failsafe.Execution[*outcome]) (*outcome, error) {
	f := x.Context().Value(flightKey{}).(*flight)
	why := u.reason(x.LastError(), f)
	old := f.old.Load()
	if old == nil || old.Err != nil || old.Gone(time.Now()) || why.Code == CodeNotFound {
		return nil, why
	}
	return &outcome{entry: old, why: why}, nil
}

// reason is what to say of a flight that failed. A retry that our own policies
// refused says nothing of what made it a retry.
func (u *Upstream) reason(err error, f *flight) *Error {
	e, refused := u.refusal(err)
	if last := f.last.Load(); refused && last != nil {
		return last
	}
	return e
}
