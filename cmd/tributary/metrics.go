package main

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// measure shows what is one for all upstreams: the memory they share, and
// which program this is.
func (g *gateway) measure(cfg config, meter metric.Meter) error {
	var errs []error
	gauge := func(name, unit, description string) metric.Int64ObservableGauge {
		m, err := meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return m
	}
	entries := gauge("tributary.cache.entries", "{entry}", "Answers in memory.")
	limit := gauge("tributary.cache.limit", "{entry}", "Answers that may be in memory.")
	info := gauge("tributary.build.info", "", "Which program this is, in its labels.")
	evictions, err := meter.Int64ObservableCounter("tributary.cache.evictions", metric.WithUnit("{entry}"),
		metric.WithDescription("Answers that had to make room for others."))
	errs = append(errs, err)

	b := thisBuild()
	program := metric.WithAttributeSet(attribute.NewSet(
		attribute.String("version", b.version), attribute.String("commit", b.commit), attribute.String("go_version", b.goVersion)))
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(entries, int64(g.store.Entries()))
		o.ObserveInt64(limit, int64(cfg.CacheMaxEntries))
		o.ObserveInt64(evictions, g.store.Evictions())
		o.ObserveInt64(info, 1, program)
		return nil
	}, entries, limit, evictions, info)
	return errors.Join(append(errs, err)...)
}
