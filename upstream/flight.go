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
	old    atomic.Pointer[cache.Entry] // what memory had, or the second tier; nil: nothing
	leader trace.SpanContext           // of the caller that began it

	start    time.Time
	deadline time.Time

	attemptBy atomic.Int64 // deadline of the running attempt and its hedge, ns after start
	sent      atomic.Int32 // requests
	running   atomic.Int32 // attempts
	last      atomic.Pointer[Error]

	unconditional atomic.Bool // no validators are to be sent: a 304 did not fit them
	uncertain     atomic.Bool // it is a write that may have been carried out
	invalid       atomic.Int32

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

func newFlight(old *cache.Entry, budget time.Duration, leader trace.SpanContext) *flight {
	now := time.Now()
	f := &flight{leader: leader, start: now, deadline: now.Add(budget), done: make(chan struct{})}
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

// countsInvalid reports whether the fetch's invalid answers count against the
// breaker. All its attempts count alike; first is asked once.
func (f *flight) countsInvalid(first func() bool) bool {
	const unknown, counts, doesNot = 0, 1, 2
	if f.invalid.Load() == unknown {
		verdict := int32(doesNot)
		if first() {
			verdict = counts
		}
		f.invalid.CompareAndSwap(unknown, verdict)
	}
	return f.invalid.Load() == counts
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

// fallBack serves the old value when asking has failed, together with the
// reason. An old value is not served when the upstream says that the thing does
// not exist.
func (u *Upstream) fallBack(x failsafe.Execution[*outcome]) (*outcome, error) {
	f := x.Context().Value(flightKey{}).(*flight)
	why := u.reason(x.LastError(), f)
	old := f.old.Load()
	if old == nil || !old.Usable(time.Now()) || why.unavailable() {
		return nil, why
	}
	return &outcome{entry: old, why: why}, nil
}

// reason is the error of a fetch that failed. If our policies refuse a retry, it
// is the upstream's failure that caused the retry.
func (u *Upstream) reason(err error, f *flight) *Error {
	e, refused := u.refusal(err)
	if last := f.last.Load(); refused && last != nil {
		return last
	}
	return e
}
