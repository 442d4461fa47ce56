package api

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// counts are the metrics of package api.
type counts struct {
	answers, replays, limited metric.Int64Counter
}

// The attribute sets of answers, made once.
var (
	complete = metric.WithAttributeSet(attribute.NewSet(attribute.String("tributary.status", "complete")))
	degraded = metric.WithAttributeSet(attribute.NewSet(attribute.String("tributary.status", "degraded")))
)

// newCounts fails only for a mistake in the names below, and logs it.
func newCounts(m metric.Meter, log *slog.Logger) counts {
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		if err != nil {
			log.Error("metrics", "name", name, "error", err)
		}
		return c
	}
	return counts{
		answers: counter("tributary.answers", "{answer}", "Answers made of several sources, complete or degraded."),
		replays: counter("tributary.idempotency.replays", "{answer}", "Stored answers replayed for an Idempotency-Key."),
		limited: counter("tributary.clients.limited", "{request}", "Requests answered with 429 because their client or its address is over a limit."),
	}
}

// answered counts an aggregate.
func (c counts) answered(ctx context.Context, isDegraded bool) {
	if isDegraded {
		c.answers.Add(ctx, 1, degraded)
		return
	}
	c.answers.Add(ctx, 1, complete)
}
