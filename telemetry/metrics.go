package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Buckets are the bounds for HTTP durations recommended by the semantic conventions,
// in seconds.
var Buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

// metrics records metrics and serves them to Prometheus.
type metrics struct {
	provider *sdkmetric.MeterProvider
	meter    metric.Meter
	page     http.Handler
	requests metric.Float64Histogram
	active   activeRequests
	options  recordOptions
}

// served are the metric attributes of a request. All have few values: the route instead
// of the path, and known methods only.
type served struct {
	method, route string
	status        int
}

func newMetrics(ctx context.Context, res *resource.Resource, env func(string) string) (*metrics, error) {
	options := []sdkmetric.Option{sdkmetric.WithResource(res)}
	registry := prometheus.NewRegistry() // a new registry has no collectors of libraries
	page := prometheus.Gatherers{withoutRuntime{registry}}
	if !sdkDisabled(env) { // without readers nothing is recorded
		toPrometheus, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
		if err != nil {
			return nil, err
		}
		options = append(options, sdkmetric.WithReader(toPrometheus))
		page = append(page, processRegistry())
	}
	exporter, err := metricExporterFor(ctx, env)
	if err != nil {
		return nil, err
	}
	if exporter != nil {
		options = append(options, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
	}
	m := &metrics{
		provider: sdkmetric.NewMeterProvider(options...),
		// Exemplars (trace ids of buckets) require OpenMetrics.
		page: promhttp.HandlerFor(page, promhttp.HandlerOpts{EnableOpenMetrics: true}),
	}
	m.meter = m.provider.Meter(Scope)
	m.requests, err = m.meter.Float64Histogram("http.server.request.duration",
		metric.WithUnit("s"), metric.WithDescription("Duration of HTTP server requests."),
		metric.WithExplicitBucketBoundaries(Buckets...))
	if err != nil {
		return nil, err
	}
	if err := m.active.register(m.meter); err != nil {
		return nil, err
	}
	return m, runtime.Start(runtime.WithMeterProvider(m.provider))
}

// record records one served request.
func (m *metrics) record(ctx context.Context, s served, took time.Duration) {
	options, ok := m.options.of(s)
	if !ok {
		attrs := []attribute.KeyValue{
			semconv.HTTPRequestMethodKey.String(s.method),
			semconv.HTTPResponseStatusCode(s.status),
			semconv.URLScheme("http"),
		}
		if s.route != "" {
			attrs = append(attrs, semconv.HTTPRoute(s.route))
		}
		if s.status >= 500 {
			attrs = append(attrs, semconv.ErrorTypeKey.String(strconv.Itoa(s.status)))
		}
		options = m.options.keep(s, metric.WithAttributeSet(attribute.NewSet(attrs...)))
	}
	m.requests.Record(ctx, took.Seconds(), options...)
}

// recordOptions keeps the options of each kind of request. They are slices, because a
// call with one option would make a slice of it; and a map of its own type, because the
// key of a sync.Map is an interface, which would have to be made too.
type recordOptions struct {
	mu sync.RWMutex
	by map[served][]metric.RecordOption
}

func (o *recordOptions) of(s served) ([]metric.RecordOption, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	options, ok := o.by[s]
	return options, ok
}

func (o *recordOptions) keep(s served, option metric.RecordOption) []metric.RecordOption {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.by == nil {
		o.by = make(map[served][]metric.RecordOption)
	}
	o.by[s] = []metric.RecordOption{option}
	return o.by[s]
}

// metricExporterFor returns nil if metrics are only served to Prometheus.
func metricExporterFor(ctx context.Context, env func(string) string) (exporter sdkmetric.Exporter, err error) {
	protocol, on, err := otlp(env, "METRICS")
	switch {
	case err != nil || !on:
		return nil, err
	case protocol == grpcProtocol:
		exporter, err = otlpmetricgrpc.New(ctx)
	default:
		exporter, err = otlpmetrichttp.New(ctx)
	}
	if err != nil {
		return nil, errUnusable("METRICS")
	}
	return exporter, nil
}
