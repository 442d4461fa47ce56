package sim

import (
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// routes are the paths of each provider, by which its spans are named: a route
// and never a path.
var routes = map[string][]string{
	OpenMeteo:   {"/v1/forecast"},
	Geocoding:   {"/v1/search"},
	OpenWeather: {"/data/2.5/weather", "/data/2.5/forecast", "/data/2.5/air_pollution"},
	MetNorway:   {"/weatherapi/locationforecast/2.0/compact"},
	Directory:   {"/users", "/users/{id}", "/users/{id}/posts", "/users/{id}/todos"},
	GitHub:      {"/users/{login}"},

	OpenMeteoAir: {"/v1/air-quality"},
}

// tracing opens the SERVER spans of one provider, by the conventions for HTTP.
type tracing struct {
	tracer   trace.Tracer
	provider string
	routes   *http.ServeMux // for its patterns alone
}

func newTracing(tracer trace.Tracer, provider string) *tracing {
	t := &tracing{tracer: tracer, provider: provider, routes: http.NewServeMux()}
	for _, route := range routes[provider] {
		t.routes.Handle(route, http.NotFoundHandler())
	}
	return t
}

// start goes on with the caller's trace. The path and the query stay out of the
// span: a key travels in one, people are named in both.
func (t *tracing) start(r *http.Request) trace.Span {
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	_, route := t.routes.Handler(r)
	method := r.Method
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		method = "_OTHER"
	}
	name := method
	if route != "" {
		name += " " + route
	}
	_, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))
	if span.IsRecording() {
		span.SetAttributes(
			semconv.HTTPRequestMethodKey.String(method),
			semconv.URLScheme("http"),
			attribute.String("tributary.source.name", t.provider),
		)
		if route != "" {
			span.SetAttributes(semconv.HTTPRoute(route))
		}
	}
	return span
}

// answered says which status a span's request has got, and which fault had a
// hand in it; 0 where it got none.
func answered(span trace.Span, status int, fault string) {
	if !span.IsRecording() {
		return
	}
	wrong := ""
	switch {
	case status >= 500:
		wrong = strconv.Itoa(status)
	case fault != "" && fault != faultLatency && fault != faultError && fault != string(ModeGarbage):
		wrong = fault // the client did not get a whole answer
	}
	if status != 0 {
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
	if fault != "" {
		span.SetAttributes(attribute.String("tributary.sim.fault", fault))
	}
	if wrong != "" {
		span.SetAttributes(semconv.ErrorTypeKey.String(wrong))
		span.SetStatus(codes.Error, "")
	}
}

// What acts of a fault, beside its modes.
const (
	faultLatency = "latency"
	faultError   = "error_rate"
)

// acting names what of the fault acts on a request, the graver before the
// milder: "" for nothing.
func (f Fault) acting(refused bool) string {
	switch {
	case refused:
		return faultError
	case f.Mode != ModeOK:
		return string(f.Mode)
	case f.LatencyMS > 0 || f.JitterMS > 0:
		return faultLatency
	}
	return ""
}
