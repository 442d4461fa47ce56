package api

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// counts are what only the HTTP face can count.
type counts struct {
	answers, replays, limited metric.Int64Counter
}

// The attribute sets of answers, made once.
var (
	complete = metric.WithAttributeSet(attribute.NewSet(attribute.String("tributary.status", "complete")))
	degraded = metric.WithAttributeSet(attribute.NewSet(attribute.String("tributary.status", "degraded")))
)

// newCounts cannot fail but by a mistake in the names below, which is logged.
func newCounts(m metric.Meter, log *slog.Logger) counts {
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		if err != nil {
			log.Error("metrics", "name", name, "error", err)
		}
		return c
	}
	return counts{
		answers: counter("tributary.answers", "{answer}", "Aggregates answered, by whether all their sources did well."),
		replays: counter("tributary.idempotency.replays", "{answer}", "Answers given again for an Idempotency-Key."),
		limited: counter("tributary.clients.limited", "{request}", "Requests refused because their client has made too many."),
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
