package upstream

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"tributary/telemetry"
)

// states are all states, in the order in which tallies count them.
var states = [...]State{Live, Cached, Revalidating, Stale, Failed, Skipped}

// tally counts a source's answers by state.
type tally struct {
	source string
	counts [len(states)]atomic.Int64
}

func (t *tally) count(s State) {
	for i, state := range states {
		if state == s {
			t.counts[i].Add(1)
			return
		}
	}
}

// meters are an upstream's numbers. All but the duration of requests are
// counted anyhow, and only read when somebody looks.
type meters struct {
	duration metric.Float64Histogram
	sets     sync.Map // of ending: metric.MeasurementOption
	watch    metric.Registration
}

// ending is what tells requests apart in metrics.
type ending struct {
	method, route string
	status        int
	code          Code
}

// newMeters cannot fail but by a mistake in the names below, which is logged.
func newMeters(u *Upstream, m metric.Meter) *meters {
	made := &meters{}
	fail := func(err error) {
		if err != nil {
			u.log.Error("metrics", "upstream", u.name, "error", err)
		}
	}
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		c, e := m.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		fail(e)
		return c
	}
	gauge := func(name, unit, description string) metric.Int64ObservableGauge {
		g, e := m.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
		fail(e)
		return g
	}
	var err error
	made.duration, err = m.Float64Histogram("http.client.request.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of HTTP client requests."), metric.WithExplicitBucketBoundaries(telemetry.Buckets...))
	fail(err)
	answers := counter("tributary.source.answers", "{answer}", "Answers of a source, by state.")
	coalesced := counter("tributary.source.coalesced", "{caller}", "Callers who waited for somebody else's question.")
	state := gauge("tributary.breaker.state", "{state}", "Circuit breaker: 0 closed, 1 half-open, 2 open.")
	opened := counter("tributary.breaker.opened", "{time}", "How often the circuit breaker has opened.")
	retries := counter("tributary.retries", "{request}", "Requests that repeat one that failed.")
	hedges := counter("tributary.hedges", "{request}", "Requests sent beside one that is slow, by whether they answered first.")
	starved := counter("tributary.budget.exhausted", "{time}", "Repetitions that the budget refused.")
	budget := gauge("tributary.budget.tokens", "{request}", "Repetitions that the budget would still allow.")
	inFlight := gauge("tributary.bulkhead.in_flight", "{request}", "Requests in flight.")
	limit := gauge("tributary.bulkhead.limit", "{request}", "Requests that may be in flight.")
	left := gauge("tributary.quota.left", "{request}", "Requests that this window of the quota still has.")

	name := metric.WithAttributeSet(attribute.NewSet(sourceName.String(u.name)))
	won := metric.WithAttributeSet(attribute.NewSet(sourceName.String(u.name), attribute.String("tributary.hedge.outcome", "won")))
	lost := metric.WithAttributeSet(attribute.NewSet(sourceName.String(u.name), attribute.String("tributary.hedge.outcome", "lost")))
	made.watch, err = m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := u.Status()
		o.ObserveInt64(coalesced, s.Cache.Coalesced, name)
		o.ObserveInt64(state, breakerLevel[s.Breaker], name)
		o.ObserveInt64(opened, u.opened.Load(), name)
		o.ObserveInt64(retries, s.Retries, name)
		o.ObserveInt64(hedges, u.hedgesWon.Load(), won)
		o.ObserveInt64(hedges, s.Hedges-u.hedgesWon.Load(), lost)
		o.ObserveInt64(starved, u.starved.Load(), name)
		o.ObserveInt64(budget, int64(u.repetitions.left()), name)
		o.ObserveInt64(inFlight, s.InFlight, name)
		o.ObserveInt64(limit, int64(u.policies.MaxConcurrent), name)
		if s.QuotaLeft != nil {
			o.ObserveInt64(left, int64(*s.QuotaLeft), name)
		}
		for _, t := range u.allTallies() {
			for i, state := range states {
				o.ObserveInt64(answers, t.counts[i].Load(), metric.WithAttributes(
					sourceName.String(t.source), attribute.String("tributary.source.state", string(state))))
			}
		}
		return nil
	}, answers, coalesced, state, opened, retries, hedges, starved, budget, inFlight, limit, left)
	fail(err)
	return made
}

func (m *meters) close() {
	if m.watch != nil {
		_ = m.watch.Unregister() // fails only for what was never registered
	}
}

// breakerLevel is a breaker's state as a number: the worse, the greater.
var breakerLevel = map[string]int64{"closed": 0, "half_open": 1, "open": 2}

// sent records a request that has ended.
func (m *meters) sent(ctx context.Context, u *Upstream, e ending, took time.Duration) {
	option, ok := m.sets.Load(e)
	if !ok {
		attrs := []attribute.KeyValue{
			sourceName.String(u.name),
			semconv.HTTPRequestMethodKey.String(e.method),
			semconv.URLTemplate(e.route),
			semconv.ServerAddress(u.client.base.Hostname()),
			semconv.ServerPort(port(u.client.base)),
		}
		if e.status != 0 {
			attrs = append(attrs, semconv.HTTPResponseStatusCode(e.status))
		}
		if e.code != "" {
			attrs = append(attrs, semconv.ErrorTypeKey.String(errorType(e.code, e.status)))
		}
		option, _ = m.sets.LoadOrStore(e, metric.WithAttributeSet(attribute.NewSet(attrs...)))
	}
	m.duration.Record(ctx, took.Seconds(), option.(metric.MeasurementOption))
}

// errorType is error.type by the conventions: the status where it is the
// error, else what went wrong.
func errorType(code Code, status int) string {
	if status >= 400 {
		return strconv.Itoa(status)
	}
	return string(code)
}
