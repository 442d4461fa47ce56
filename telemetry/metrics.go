package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
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

// Buckets are the bounds that the conventions advise for durations over HTTP,
// in seconds.
var Buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

// metrics is where numbers are kept, and shown to Prometheus.
type metrics struct {
	provider *sdkmetric.MeterProvider
	meter    metric.Meter
	page     http.Handler
	requests metric.Float64Histogram
	sets     sync.Map // of served: metric.MeasurementOption
}

// served is what tells requests apart in metrics. All of it is bounded: a
// route and never a path, a known method.
type served struct {
	method, route string
	status        int
}

func newMetrics(ctx context.Context, res *resource.Resource, env func(string) string) (*metrics, error) {
	registry := prometheus.NewRegistry() // ours alone: nothing that a library registers by itself
	toPrometheus, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	options := []sdkmetric.Option{sdkmetric.WithResource(res)}
	if !sdkDisabled(env) { // else nothing is recorded
		options = append(options, sdkmetric.WithReader(toPrometheus))
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
		// Exemplars, the trace ids beside a bucket, need OpenMetrics.
		page: promhttp.HandlerFor(renamed{registry}, promhttp.HandlerOpts{EnableOpenMetrics: true}),
	}
	m.meter = m.provider.Meter(Scope)
	m.requests, err = m.meter.Float64Histogram("http.server.request.duration",
		metric.WithUnit("s"), metric.WithDescription("Duration of HTTP server requests."),
		metric.WithExplicitBucketBoundaries(Buckets...))
	if err != nil {
		return nil, err
	}
	return m, runtime.Start(runtime.WithMeterProvider(m.provider))
}

// renamed gives Prometheus the name that it has always had for a number which
// OpenTelemetry calls by one that ends like a histogram's.
type renamed struct{ prometheus.Gatherer }

func (r renamed) Gather() ([]*dto.MetricFamily, error) {
	families, err := r.Gatherer.Gather()
	for _, f := range families {
		if f.GetName() == "go_goroutine_count" {
			f.Name = new("go_goroutines")
		}
	}
	return families, err
}

// record counts a request that was served.
func (m *metrics) record(ctx context.Context, s served, took time.Duration) {
	option, ok := m.sets.Load(s)
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
		option, _ = m.sets.LoadOrStore(s, metric.WithAttributeSet(attribute.NewSet(attrs...)))
	}
	m.requests.Record(ctx, took.Seconds(), option.(metric.MeasurementOption))
}

// metricExporterFor is nil when metrics are only shown to Prometheus.
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
