package api

import (
	"context"
	"errors"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics are the metrics of package api.
type metrics struct {
	answers, replays, limited, dropped metric.Int64Counter
	streams                            metric.Int64UpDownCounter // open now
}

// Attribute sets for tributary.answers, built once because every answer uses one.
var (
	complete = metric.WithAttributeSet(attribute.NewSet(attribute.String("tributary.status", "complete")))
	degraded = metric.WithAttributeSet(attribute.NewSet(attribute.String("tributary.status", "degraded")))
)

// newMetrics logs errors, which only an invalid metric name can cause.
func newMetrics(m metric.Meter, log *slog.Logger) metrics {
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		if err != nil {
			log.Error("metrics", "name", name, "error", err)
		}
		return c
	}
	streams, err := m.Int64UpDownCounter("tributary.streams.open", metric.WithUnit("{stream}"), metric.WithDescription("Streams that are open."))
	if err != nil {
		log.Error("metrics", "name", "tributary.streams.open", "error", err)
	}
	return metrics{
		answers: counter("tributary.answers", "{answer}", "Answers made of several sources, complete or degraded."),
		replays: counter("tributary.idempotency.replays", "{answer}", "Stored answers replayed for an Idempotency-Key."),
		limited: counter("tributary.clients.limited", "{request}", "Requests answered with 429 because their client or its address is over a limit."),
		dropped: counter("tributary.streams.dropped", "{stream}", "Streams that were ended because their client was too slow to read them."),
		streams: streams,
	}
}

// measureAdmission registers the metrics of the limit on requests that ask upstreams.
func (s *server) measureAdmission(m metric.Meter) {
	if s.Admission == nil {
		return
	}
	var errs []error
	gauge := func(name, unit, description string) metric.Float64ObservableGauge {
		g, err := m.Float64ObservableGauge("tributary.admission."+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return g
	}
	limit := gauge("limit", "{request}", "Requests that may ask upstreams at the same time.")
	inFlight := gauge("in_flight", "{request}", "Requests and background refreshes that ask upstreams.")
	wait := gauge("wait", "s", "How long goroutines wait for a processor, at the least within 200 ms.")
	refused, err := m.Int64ObservableCounter("tributary.admission.refused", metric.WithUnit("{request}"),
		metric.WithDescription("Requests and background refreshes that may not ask upstreams, because the gateway is overloaded."))
	_, regErr := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		now := s.Admission.Status()
		o.ObserveFloat64(limit, float64(now.Limit))
		o.ObserveFloat64(inFlight, float64(now.InFlight))
		o.ObserveFloat64(wait, now.Wait.Seconds())
		for class, n := range now.Refused {
			o.ObserveInt64(refused, n, metric.WithAttributes(attribute.String("tributary.admission.class", class.String())))
		}
		return nil
	}, limit, inFlight, wait, refused)
	if err := errors.Join(append(errs, err, regErr)...); err != nil {
		s.log.Error("metrics", "name", "tributary.admission", "error", err)
	}
}

// countAnswer counts one answer of an aggregate.
func (m metrics) countAnswer(ctx context.Context, isDegraded bool) {
	if isDegraded {
		m.answers.Add(ctx, 1, degraded)
		return
	}
	m.answers.Add(ctx, 1, complete)
}
