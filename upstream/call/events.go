package call

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"tributary/telemetry/story"
)

// The functions below report what the policies do: as counters, as events on the
// source's span, as steps of the request's story, and in the log if an operator should
// know.

func (e *Endpoint) onRetryScheduled(x failsafe.ExecutionScheduledEvent[*Result]) {
	code := CodeCanceled
	if f, ok := x.LastError().(*failure); ok {
		code = f.Code
	}
	addEvent(x.Context(), "retry scheduled", story.Step{What: story.Retry, Source: e.Name, Code: string(code), Took: x.Delay},
		func() []attribute.KeyValue {
			return []attribute.KeyValue{attribute.Int64("tributary.retry.delay_ms", x.Delay.Milliseconds())}
		})
}

func (e *Endpoint) onAbort(x failsafe.ExecutionEvent[*Result]) {
	if f, ok := x.LastError().(*failure); ok && f.unfunded {
		e.client.counters.unfunded.Add(1)
		addEvent(x.Context(), "retry budget exhausted", story.Step{What: story.RetryRefused, Source: e.Name}, nil)
	}
}

// onHedge adds no step: the request itself is one.
func (e *Endpoint) onHedge(x failsafe.ExecutionEvent[*Result]) {
	addEvent(x.Context(), "hedge started", story.Step{}, nil)
}

func (e *Endpoint) onHedgeRefused(x failsafe.ExecutionInfo) {
	e.client.counters.unfunded.Add(1)
	addEvent(x.Context(), "hedge refused", story.Step{What: story.HedgeRefused, Source: e.Name}, nil)
}

// onStateChanged runs on a caller's goroutine, without the breaker's lock. Events may
// arrive out of order, so the current state is read from the breaker.
func (c *Client) onStateChanged(e circuitbreaker.StateChangedEvent) {
	from, to := breakerState(e.OldState), breakerState(e.NewState)
	ctx := e.Context()
	if e.NewState != circuitbreaker.OpenState {
		ctx = c.admission.prober() // failsafe passes a call's context only when the breaker opens
	}
	addEvent(ctx, "circuit breaker "+to, story.Step{What: story.BreakerChanged, Source: c.name, Text: to}, nil)
	level := slog.LevelInfo
	if e.NewState == circuitbreaker.OpenState {
		c.counters.opened.Add(1)
		level = slog.LevelWarn
	}
	c.log.LogAttrs(ctx, level, "circuit breaker changed",
		slog.String("upstream", c.name), slog.String("from", from), slog.String("to", to))
	c.recordBreaker(e)
}

// addEvent adds a span event, and a step to the story if it has a kind. The attributes are
// built only on a span that is recorded.
func addEvent(ctx context.Context, name string, step story.Step, attrs func() []attribute.KeyValue) {
	if step.What != "" {
		story.FromContext(ctx).Add(step)
	}
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	if attrs == nil {
		span.AddEvent(name)
		return
	}
	span.AddEvent(name, trace.WithAttributes(attrs()...))
}

// failed counts a failure that the upstream caused, and logs it if failureLog allows.
func (c *Client) failed(ctx context.Context, f *failure, now time.Time) {
	if f.Code == CodeNotFound || f.Code == CodeNoData {
		return // an answer
	}
	if f.Unwell() {
		c.counters.failures.Add(1)
	}
	c.counters.lastError.Store(&LastError{Code: f.Code, At: now})
	c.record.Failed(string(f.Code), f.Brief())
	if f.logged {
		return
	}
	unlogged, due := c.failures.due(f.Code, now)
	if !due {
		return
	}
	attrs := []slog.Attr{slog.String("upstream", c.name), slog.String("code", string(f.Code)), slog.String("detail", f.Detail)}
	if f.Status > 0 {
		attrs = append(attrs, slog.Int("status", f.Status))
	}
	if unlogged > 0 {
		attrs = append(attrs, slog.Int("not_logged", unlogged))
	}
	c.log.LogAttrs(ctx, slog.LevelWarn, "upstream failed", attrs...)
}

// logEvery is the least time between two log lines of one kind of failure, so that an
// outage does not log a line for each attempt.
const logEvery = 10 * time.Second

// failureLog limits the log lines of each kind of failure. The zero value is ready. It
// is safe for concurrent use.
type failureLog struct {
	mu sync.Mutex
	by map[Code]*loggedFailure
}

type loggedFailure struct {
	next     time.Time // when it may be logged again
	unlogged int       // failures since the last line
}

// due reports whether to log a failure, and how many failures with its code were not
// logged since the last line.
func (l *failureLog) due(code Code, now time.Time) (unlogged int, due bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.by[code]
	if known == nil {
		if l.by == nil {
			l.by = make(map[Code]*loggedFailure)
		}
		known = &loggedFailure{}
		l.by[code] = known
	}
	if now.Before(known.next) {
		known.unlogged++
		return 0, false
	}
	unlogged = known.unlogged
	known.next, known.unlogged = now.Add(logEvery), 0
	return unlogged, true
}
