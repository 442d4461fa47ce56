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

// routes are the path patterns of the seven providers. Spans are named by them, because a
// path may contain names.
var routes = map[string][]string{
	OpenMeteo:   {"/v1/forecast"},
	Geocoding:   {"/v1/search"},
	OpenWeather: {"/data/2.5/weather", "/data/2.5/forecast", "/data/2.5/air_pollution"},
	MetNorway:   {"/weatherapi/locationforecast/2.0/compact"},
	Directory:   {"/users", "/users/{id}", "/users/{id}/posts", "/users/{id}/todos"},
	GitHub:      {"/users/{login}"},

	OpenMeteoAir: {"/v1/air-quality"},
}

// tracing creates the SERVER spans of one provider by the HTTP conventions.
type tracing struct {
	tracer   trace.Tracer
	provider string
	route    func(*http.Request) string // "": of no known route
}

func newTracing(tracer trace.Tracer, p provider) *tracing {
	t := &tracing{tracer: tracer, provider: p.name, route: p.route}
	if t.route == nil {
		patterns := http.NewServeMux() // only its patterns are used
		for _, route := range routes[p.name] {
			patterns.Handle(route, http.NotFoundHandler())
		}
		t.route = func(r *http.Request) string {
			_, route := patterns.Handler(r)
			return route
		}
	}
	return t
}

// start continues the caller's trace. Path and query are not recorded: the query may
// contain a key, and both may contain names of people.
func (t *tracing) start(r *http.Request) trace.Span {
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	route := t.route(r)
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

// answered sets the status of a request's span, 0 if none was sent, and the fault that
// affected it.
func answered(span trace.Span, status int, fault string) {
	if !span.IsRecording() {
		return
	}
	wrong := ""
	switch {
	case status >= 500:
		wrong = strconv.Itoa(status)
	case fault != "" && fault != faultLatency && fault != faultError && fault != string(ModeGarbage):
		wrong = fault // the client did not get a complete answer
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

// Effects of a fault other than its modes.
const (
	faultLatency = "latency"
	faultError   = "error_rate"
)

// acting returns the most serious effect of the fault on a request, or "".
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
