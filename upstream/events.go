package upstream

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// What the policies do is told here, once, as counts, events on the source's
// span, and a log line where an operator should know.

func (u *Upstream) onRetryScheduled(e failsafe.ExecutionScheduledEvent[*outcome]) {
	event(e.Context(), "retry scheduled", func() []attribute.KeyValue {
		return []attribute.KeyValue{attribute.Int64("tributary.retry.delay_ms", e.Delay.Milliseconds())}
	})
}

func (u *Upstream) onAbort(e failsafe.ExecutionEvent[*outcome]) {
	if err, ok := e.LastError().(*Error); ok && err.unfunded {
		u.starved.Add(1)
		event(e.Context(), "retry budget exhausted", nil)
	}
}

func (u *Upstream) onHedge(e failsafe.ExecutionEvent[*outcome]) {
	event(e.Context(), "hedge started", nil)
}

func (u *Upstream) onHedgeRefused(e failsafe.ExecutionInfo) {
	u.starved.Add(1)
	event(e.Context(), "hedge refused", nil)
}

func (u *Upstream) onFallback(e failsafe.ExecutionDoneEvent[*outcome]) {
	if e.Error == nil {
		event(e.Context(), "fallback taken", nil)
	}
}

// onStateChanged runs on a caller's way, without the breaker's lock. Two
// events may arrive out of order: whoever wants the state now asks for it.
func (u *Upstream) onStateChanged(e circuitbreaker.StateChangedEvent) {
	from, to := breakerState(e.OldState), breakerState(e.NewState)
	ctx := e.Context()
	if e.NewState != circuitbreaker.OpenState {
		ctx = u.admission.prober() // failsafe passes a call's context only when the breaker opens
	}
	event(ctx, "circuit breaker "+to, nil)
	level := slog.LevelInfo
	if e.NewState == circuitbreaker.OpenState {
		u.opened.Add(1)
		level = slog.LevelWarn
	}
	u.log.LogAttrs(ctx, level, "circuit breaker changed",
		slog.String("upstream", u.name), slog.String("from", from), slog.String("to", to))
}

// event adds a span event whose attributes are built only where somebody
// will see them.
func event(ctx context.Context, name string, attrs func() []attribute.KeyValue) {
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

// failed counts a failure that the upstream caused, and now and then logs it.
func (u *Upstream) failed(ctx context.Context, e *Error, now time.Time) {
	if e.Code == CodeNotFound {
		return // an answer
	}
	if e.Unwell() {
		u.failures.Add(1)
	}
	u.lastError.Store(&LastError{Code: e.Code, At: now})
	if e.logged {
		return
	}
	u.complaints.about(e.Code, now, func(unlogged int) {
		attrs := []slog.Attr{slog.String("upstream", u.name), slog.String("code", string(e.Code)), slog.String("detail", e.Detail)}
		if e.Status > 0 {
			attrs = append(attrs, slog.Int("status", e.Status))
		}
		if unlogged > 0 {
			attrs = append(attrs, slog.Int("not_logged", unlogged))
		}
		u.log.LogAttrs(ctx, slog.LevelWarn, "upstream failed", attrs...)
	})
}

// complaintEvery is how often a log hears of one kind of failure: an outage is
// one line now and then, and not one an attempt.
const complaintEvery = 10 * time.Second

// complaints remember which failures the log has heard of. There are as many
// as codes. The zero value is ready.
type complaints struct {
	mu sync.Mutex
	by map[Code]*complaint
}

type complaint struct {
	next     time.Time // when it may be logged again
	unlogged int       // since it was
}

// about calls log, with the number of those that were not logged since, unless
// a failure of that code has been logged a moment ago.
func (c *complaints) about(code Code, now time.Time, log func(unlogged int)) {
	c.mu.Lock()
	known := c.by[code]
	if known == nil {
		if c.by == nil {
			c.by = make(map[Code]*complaint)
		}
		known = &complaint{}
		c.by[code] = known
	}
	if now.Before(known.next) {
		known.unlogged++
		c.mu.Unlock()
		return
	}
	unlogged := known.unlogged
	known.next, known.unlogged = now.Add(complaintEvery), 0
	c.mu.Unlock()
	log(unlogged)
}
