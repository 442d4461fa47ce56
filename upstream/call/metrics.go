package call

import (
	"context"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"tributary/telemetry"
)

// metrics are a client's metrics. Except for the duration of requests, they are read
// from the client's counters when metrics are scraped.
type metrics struct {
	duration metric.Float64Histogram
	sets     sync.Map // of ending: metric.MeasurementOption
	watch    metric.Registration
}

// ending is the set of attributes of an ended request in metrics.
type ending struct {
	method, route string
	status        int
	code          Code
}

// newMetrics registers the metrics. Only an invalid name below makes that fail; it is
// logged.
func newMetrics(c *Client, m metric.Meter) *metrics {
	made := &metrics{}
	fail := func(err error) {
		if err != nil {
			c.log.Error("metrics", "upstream", c.name, "error", err)
		}
	}
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		made, e := m.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		fail(e)
		return made
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
	state := gauge("tributary.breaker.state", "{state}", "Circuit breaker: 0 closed, 1 half-open, 2 open.")
	opened := counter("tributary.breaker.opened", "{time}", "How often the circuit breaker has opened.")
	retries := counter("tributary.retries", "{request}", "Requests that repeat one that failed.")
	hedges := counter("tributary.hedges", "{request}", "Requests sent beside one that is slow, by whether they answered first.")
	unfunded := counter("tributary.budget.exhausted", "{time}", "Retries and hedges that the retry budget refused.")
	budget := gauge("tributary.budget.tokens", "{request}", "Retries and hedges that the retry budget would still allow.")
	inFlight := gauge("tributary.bulkhead.in_flight", "{request}", "Requests in flight.")
	limit := gauge("tributary.bulkhead.limit", "{request}", "Requests that may be in flight.")
	left := gauge("tributary.quota.left", "{request}", "Requests that this window of the quota still has.")

	name := metric.WithAttributeSet(attribute.NewSet(telemetry.SourceName.String(c.name)))
	won := metric.WithAttributeSet(attribute.NewSet(telemetry.SourceName.String(c.name), attribute.String("tributary.hedge.outcome", "won")))
	lost := metric.WithAttributeSet(attribute.NewSet(telemetry.SourceName.String(c.name), attribute.String("tributary.hedge.outcome", "lost")))
	made.watch, err = m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := c.Status()
		o.ObserveInt64(state, breakerLevel[s.Breaker], name)
		o.ObserveInt64(opened, c.counters.opened.Load(), name)
		o.ObserveInt64(retries, s.Retries, name)
		o.ObserveInt64(hedges, c.counters.hedgesWon.Load(), won)
		o.ObserveInt64(hedges, s.Hedges-c.counters.hedgesWon.Load(), lost)
		o.ObserveInt64(unfunded, c.counters.unfunded.Load(), name)
		o.ObserveInt64(budget, int64(c.shared.budget.left()), name)
		o.ObserveInt64(inFlight, s.InFlight, name)
		o.ObserveInt64(limit, int64(c.policies.MaxConcurrent), name)
		if s.QuotaLeft != nil {
			o.ObserveInt64(left, int64(*s.QuotaLeft), name)
		}
		return nil
	}, state, opened, retries, hedges, unfunded, budget, inFlight, limit, left)
	fail(err)
	return made
}

func (m *metrics) close() {
	if m.watch != nil {
		_ = m.watch.Unregister() // fails only without a registration
	}
}

// breakerLevel is a breaker's state as a number, greater for a worse state.
var breakerLevel = map[string]int64{"closed": 0, "half_open": 1, "open": 2}

// record records a request that has ended.
func (m *metrics) record(ctx context.Context, c *Client, e ending, took time.Duration) {
	if e.status < 100 || e.status > 599 {
		// RFC 9110 has no such status, but HTTP/2 carries any number: an upstream must
		// not decide how many series there are.
		e.status = 0
	}
	option, ok := m.sets.Load(e)
	if !ok {
		attrs := []attribute.KeyValue{
			telemetry.SourceName.String(c.name),
			semconv.HTTPRequestMethodKey.String(e.method),
			semconv.URLTemplate(e.route),
			semconv.ServerAddress(c.sender.base.Hostname()),
			semconv.ServerPort(port(c.sender.base)),
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

// errorType is error.type by the semantic conventions: the status if that is the error,
// else the code.
func errorType(code Code, status int) string {
	if status >= 400 {
		return strconv.Itoa(status)
	}
	return string(code)
}
