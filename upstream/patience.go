package upstream

import (
	"context"
	"time"
)

// How much longer than usual a source is waited for, in multiples of its usual latency,
// and the least of that for a source without an old answer.
const (
	usualsWithOld    = 2
	usualsWithoutOld = 4
	leastWithoutOld  = 250 * time.Millisecond
)

type othersKey struct{}

// WithOthers returns a context for a source that is asked beside others. answered is
// closed once one of them has answered. From then on a source that has no old answer is
// waited for no longer than four times its usual latency. One that has an old answer is
// never waited for longer than twice its usual latency. Its fetch goes on.
func WithOthers(ctx context.Context, answered <-chan struct{}) context.Context {
	return context.WithValue(ctx, othersKey{}, answered)
}

// awaitUsual waits for a fetch until it has ended, ctx is done, or the fetch takes longer
// than it may by its source's usual latency. Only then late is not nil, and says so.
func (s *Source[Q, A]) awaitUsual(ctx context.Context, f *fetch, start time.Time) (late *Error) {
	limit, times, others := s.patience(ctx, f, start)
	var over <-chan time.Time // never, where no usual latency is known
	wait := func() { over, others = time.After(limit-time.Since(start)), nil }
	if limit > 0 && others == nil {
		wait()
	}
	for {
		select {
		case <-f.done:
			return nil
		case <-ctx.Done():
			return nil
		case <-others:
			wait()
		case <-over:
			return Errorf(CodeTimeout, "no answer within %s, %d times its usual latency", limit.Round(time.Millisecond), times)
		}
	}
}

// patience returns how long a fetch is waited for, and how many times its usual latency
// that is; 0 if the latency is not known. The limit applies once others is closed, or at
// once if others is nil.
func (s *Source[Q, A]) patience(ctx context.Context, f *fetch, now time.Time) (limit time.Duration, times int, others <-chan struct{}) {
	usual, known := s.endpoint.Usually(now)
	if !known || s.up.patienceMin == 0 {
		return 0, 0, nil
	}
	if old := f.old.Load(); old != nil && old.Usable(now) {
		return max(s.up.patienceMin, usualsWithOld*usual), usualsWithOld, nil
	}
	others, _ = ctx.Value(othersKey{}).(<-chan struct{})
	if others == nil {
		return 0, 0, nil
	}
	return max(leastWithoutOld, usualsWithoutOld*usual), usualsWithoutOld, others
}
