package upstream

import (
	"context"
	"log/slog"
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
	event(e.Context(), "circuit breaker "+to, nil)
	level := slog.LevelInfo
	if e.NewState == circuitbreaker.OpenState {
		u.opened.Add(1)
		level = slog.LevelWarn
	}
	u.log.LogAttrs(e.Context(), level, "circuit breaker changed",
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

// failed counts a failure that the upstream caused.
func (u *Upstream) failed(e *Error, now time.Time) {
	if e.Code == CodeNotFound {
		return // an answer
	}
	if e.Unwell() {
		u.failures.Add(1)
	}
	u.lastError.Store(&LastError{Code: e.Code, At: now})
}
