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
	size := gauge("tributary.cache.size", "By", "Answers in memory, by the bytes that they were read from.")
	limit := gauge("tributary.cache.limit", "{entry}", "Answers that may be in memory.")
	info := gauge("tributary.build.info", "", "Which program this is, in its labels.")
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		m, err := meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return m
	}
	evictions := counter("tributary.cache.evictions", "{entry}", "Answers that had to make room for others.")
	commands := counter("tributary.redis.commands", "{command}", "Commands for Redis.")
	failures := counter("tributary.redis.failures", "{command}", "Commands for Redis that failed, or were not sent.")

	b := thisBuild()
	program := metric.WithAttributeSet(attribute.NewSet(
		attribute.String("version", b.version), attribute.String("commit", b.commit), attribute.String("go_version", b.goVersion)))
	_, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(entries, int64(g.store.Entries()))
		o.ObserveInt64(size, int64(g.store.Bytes()))
		o.ObserveInt64(limit, int64(cfg.CacheMaxEntries))
		o.ObserveInt64(evictions, g.store.Evictions())
		if g.redis != nil {
			sent, failed := g.redis.Counts()
			o.ObserveInt64(commands, sent)
			o.ObserveInt64(failures, failed)
		}
		o.ObserveInt64(info, 1, program)
		return nil
	}, entries, size, limit, evictions, commands, failures, info)
	return errors.Join(append(errs, err)...)
}
