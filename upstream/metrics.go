package upstream

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"tributary/telemetry"
)

// states are all states, in the order in which they are counted.
var states = [...]State{Live, Cached, Revalidating, Stale, Failed, Skipped}

// answerCount counts the answers of the sources of one name, by state.
type answerCount struct {
	source string
	counts [len(states)]atomic.Int64
	users  int // sources that count here; guarded by the mu of counters
}

func (t *answerCount) count(s State) {
	for i, state := range states {
		if state == s {
			t.counts[i].Add(1)
			return
		}
	}
}

// counters count how the sources of an upstream were answered.
type counters struct {
	hits, misses, staleServed, collapsed atomic.Int64

	mu      sync.Mutex
	sources []*answerCount
}

// of is where a source counts its answers. Two sources with one name are one
// part of an answer, and are counted together.
func (c *counters) of(source string) *answerCount {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.sources {
		if t.source == source {
			t.users++
			return t
		}
	}
	t := &answerCount{source: source, users: 1}
	c.sources = append(c.sources, t)
	return t
}

// leave is called when a source that counts in t is closed. After the last of a name, its
// answers are no longer reported.
func (c *counters) leave(t *answerCount) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.users--; t.users == 0 {
		c.sources = slices.DeleteFunc(c.sources, func(other *answerCount) bool { return other == t })
	}
}

func (c *counters) all() []*answerCount {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sources)
}

// observe reports the counters whenever they are scraped, until stop is called.
// It fails only by a mistake in the names below, which is logged.
func (c *counters) observe(upstream string, m metric.Meter, log *slog.Logger) (stop func()) {
	answers, err := m.Int64ObservableCounter("tributary.source.answers", metric.WithUnit("{answer}"),
		metric.WithDescription("Answers of a source, by state."))
	if err != nil {
		log.Error("metrics", "upstream", upstream, "error", err)
	}
	collapsed, err := m.Int64ObservableCounter("tributary.source.coalesced", metric.WithUnit("{caller}"),
		metric.WithDescription("Callers that waited for a fetch which another caller began."))
	if err != nil {
		log.Error("metrics", "upstream", upstream, "error", err)
	}
	name := metric.WithAttributeSet(attribute.NewSet(telemetry.SourceName.String(upstream)))
	registration, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(collapsed, c.collapsed.Load(), name)
		for _, t := range c.all() {
			for i, state := range states {
				o.ObserveInt64(answers, t.counts[i].Load(), metric.WithAttributes(
					telemetry.SourceName.String(t.source), attribute.String("tributary.source.state", string(state))))
			}
		}
		return nil
	}, answers, collapsed)
	if err != nil {
		log.Error("metrics", "upstream", upstream, "error", err)
		return func() {}
	}
	return func() { _ = registration.Unregister() } // fails only for what was never registered
}
