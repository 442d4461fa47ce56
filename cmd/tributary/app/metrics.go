package app

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// measure registers the metrics of the cache, of Redis and of the build. Each
// upstream registers its own.
func (g *gateway) measure(cfg config, meter metric.Meter) error {
	var errs []error
	gauge := func(name, unit, description string) metric.Int64ObservableGauge {
		m, err := meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return m
	}
	entries := gauge("tributary.cache.entries", "{entry}", "Entries in memory.")
	size := gauge("tributary.cache.size", "By", "Size of the bodies that the entries in memory were decoded from.")
	limit := gauge("tributary.cache.limit", "{entry}", "Greatest number of entries in memory, CACHE_MAX_ENTRIES.")
	info := gauge("tributary.build.info", "", "Always 1; the labels tell version, commit and Go version.")
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		m, err := meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return m
	}
	evictions := counter("tributary.cache.evictions", "{entry}", "Entries removed because memory was full.")
	commands := counter("tributary.redis.commands", "{command}", "Commands for Redis, sent or not.")
	failures := counter("tributary.redis.failures", "{command}", "Commands for Redis that failed or were not sent.")

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
