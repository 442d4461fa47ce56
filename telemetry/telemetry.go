// Package telemetry sets up the gateway's traces, metrics and logs. Traces and metrics
// are configured with OpenTelemetry's standard variables, and log lines contain their
// trace id.
package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"tributary/telemetry/story"
)

// Scope is the instrumentation scope of all our spans.
const Scope = "tributary"

// Config configures telemetry.
type Config struct {
	Service string // the default; OTEL_SERVICE_NAME replaces it
	Fixed   bool   // ignore OTEL_SERVICE_NAME, which belongs to another service
	Version string
	Parent  Parent
	// Env looks up OpenTelemetry's variables. The exporter reads its own variables,
	// such as OTEL_EXPORTER_OTLP_HEADERS, from the process's environment.
	Env    func(string) string
	Logger *slog.Logger

	Stories *story.Recorder // of the requests that Server serves; nil: none are kept
}

// Telemetry creates spans and records metrics. Shut it down last, so that spans that
// end during the shutdown are exported.
type Telemetry struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	parent   Parent
	metrics  *metrics
	stories  *story.Recorder
}

// Setup configures tracing and metrics. Without an endpoint it creates trace ids for
// logs and answers but exports nothing.
func Setup(ctx context.Context, cfg Config) (*Telemetry, error) {
	sampler, err := samplerFor(cfg.Env("OTEL_TRACES_SAMPLER"), cfg.Env("OTEL_TRACES_SAMPLER_ARG"), cfg.Parent)
	if err != nil {
		return nil, err
	}
	name := resource.WithAttributes(semconv.ServiceName(cfg.Service))
	whoWeAre := []resource.Option{name, resource.WithAttributes(semconv.ServiceVersion(cfg.Version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv()} // the last one has precedence
	if cfg.Fixed {
		whoWeAre = append(whoWeAre, name)
	}
	res, err := resource.New(ctx, whoWeAre...)
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, errors.New("OTEL_RESOURCE_ATTRIBUTES: cannot be read") // the original error quotes it
	}
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)}
	exporter, err := exporterFor(ctx, cfg.Env)
	switch {
	case err != nil:
		return nil, err
	case exporter == nil:
		options = append(options, sdktrace.WithSampler(sdktrace.NeverSample()))
	default:
		options = append(options, sdktrace.WithSampler(sampler), sdktrace.WithBatcher(exporter))
	}
	numbers, err := newMetrics(ctx, res, cfg.Env)
	if err != nil {
		return nil, err
	}
	provider := sdktrace.NewTracerProvider(options...)
	return &Telemetry{provider: provider, tracer: provider.Tracer(Scope), parent: cfg.Parent, metrics: numbers, stories: cfg.Stories}, nil
}

// Tracer returns the tracer for the gateway's spans.
func (t *Telemetry) Tracer() trace.Tracer { return t.tracer }

// Meter returns the meter for the gateway's metrics.
func (t *Telemetry) Meter() metric.Meter { return t.metrics.meter }

// Stories records how requests are answered; nil if that is off.
func (t *Telemetry) Stories() *story.Recorder { return t.stories }

// MetricsPage serves the metrics to Prometheus, as text or, with exemplars, as
// OpenMetrics.
func (t *Telemetry) MetricsPage() http.Handler { return t.metrics.page }

// Shutdown exports what is left until ctx is done.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	return errors.Join(t.provider.Shutdown(ctx), t.metrics.provider.Shutdown(ctx))
}

// exporterFor returns nil if nothing is exported.
func exporterFor(ctx context.Context, env func(string) string) (exporter sdktrace.SpanExporter, err error) {
	protocol, on, err := otlp(env, "TRACES")
	switch {
	case err != nil || !on:
		return nil, err
	case protocol == grpcProtocol:
		exporter, err = otlptracegrpc.New(ctx)
	default:
		exporter, err = otlptracehttp.New(ctx)
	}
	if err != nil {
		return nil, errUnusable("TRACES")
	}
	return exporter, nil
}

// errUnusable replaces an exporter's error, which quotes the endpoint.
func errUnusable(signal string) error {
	return fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_%s_ENDPOINT: no exporter can be made for it", signal)
}

const grpcProtocol = "grpc"

// otlp reads whether and how a signal is exported, from its own variables and then
// from those for all signals. An unusable endpoint counts as unset; the SDK would send
// to https://localhost:4318 instead.
func otlp(env func(string) string, signal string) (protocol string, on bool, err error) {
	own := "OTEL_EXPORTER_OTLP_" + signal + "_"
	variable := "OTEL_EXPORTER_OTLP_PROTOCOL"
	if env(own+"PROTOCOL") != "" {
		variable = own + "PROTOCOL"
	}
	protocol = cmp.Or(env(variable), "http/protobuf")
	usable := func(name string) bool { return env(name) != "" && usableEndpoint(env(name), protocol) }
	if !usable(own+"ENDPOINT") && !usable("OTEL_EXPORTER_OTLP_ENDPOINT") || sdkDisabled(env) || env("OTEL_"+signal+"_EXPORTER") == "none" {
		return "", false, nil
	}
	switch protocol {
	case grpcProtocol, "http/protobuf":
		return protocol, true, nil
	}
	return "", false, fmt.Errorf("%s: %q is neither grpc nor http/protobuf", variable, protocol)
}

// Exported names the signals that the environment has exported: traces, metrics.
func Exported(env func(string) string) (signals []string) {
	for _, signal := range []string{"traces", "metrics"} {
		if _, on, err := otlp(env, strings.ToUpper(signal)); on && err == nil {
			signals = append(signals, signal)
		}
	}
	return signals
}

// samplerFor reads OTEL_TRACES_SAMPLER as specified, with one exception: a caller's
// trace is sampled by our own decision unless the caller's flag is trusted, because
// the flag decides what we pay for storage.
func samplerFor(name, arg string, parent Parent) (sdktrace.Sampler, error) {
	ratio := 1.0
	if arg != "" {
		r, err := strconv.ParseFloat(arg, 64)
		if err != nil || !(r >= 0 && r <= 1) {
			return nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG: %q is not a number from 0 to 1", arg)
		}
		ratio = r
	}
	based := func(root sdktrace.Sampler) sdktrace.Sampler {
		if parent == Trust {
			return sdktrace.ParentBased(root)
		}
		return sdktrace.ParentBased(root, sdktrace.WithRemoteParentSampled(root), sdktrace.WithRemoteParentNotSampled(root))
	}
	switch name {
	case "", "parentbased_always_on":
		return based(sdktrace.AlwaysSample()), nil
	case "parentbased_always_off":
		return based(sdktrace.NeverSample()), nil
	case "parentbased_traceidratio":
		return based(sdktrace.TraceIDRatioBased(ratio)), nil
	case "always_on":
		return sdktrace.AlwaysSample(), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	case "traceidratio":
		return sdktrace.TraceIDRatioBased(ratio), nil
	}
	return nil, fmt.Errorf("OTEL_TRACES_SAMPLER: %q is not a sampler (always_on, always_off, traceidratio, or one of these after parentbased_)", name)
}
