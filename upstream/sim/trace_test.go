package sim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"tributary/upstream/sim"
)

const (
	callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan  = "00f067aa0ba902b7"
)

// traced returns a simulator and its spans, which are complete once it is closed.
func traced(t *testing.T, further ...sim.Provider) (*sim.Simulator, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	return start(t, sim.Config{Tracer: provider.Tracer("test"), Further: further}), spans
}

// only closes the simulator and returns the single span that it created.
func only(t *testing.T, s *sim.Simulator, spans *tracetest.InMemoryExporter) (tracetest.SpanStub, map[string]string) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	got := spans.GetSpans()
	if len(got) != 1 {
		t.Fatalf("spans = %v, want 1", got)
	}
	attrs := map[string]string{}
	for _, a := range got[0].Attributes {
		attrs[string(a.Key)] = a.Value.String()
	}
	return got[0], attrs
}

func TestSpanContinuesTheCallersTrace(t *testing.T) {
	s, spans := traced(t)
	get(t, s.URL(sim.OpenWeather)+goodPaths[sim.OpenWeather], "Traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	span, attrs := only(t, s, spans)
	if span.SpanContext.TraceID().String() != callersTrace || span.Parent.SpanID().String() != callersSpan {
		t.Errorf("span of trace %s under %s, want the caller's", span.SpanContext.TraceID(), span.Parent.SpanID())
	}
	if span.Name != "GET /data/2.5/weather" || span.SpanKind != trace.SpanKindServer || span.Status.Code != codes.Unset {
		t.Errorf("span = %q, %v, %v; want GET /data/2.5/weather, server, unset", span.Name, span.SpanKind, span.Status.Code)
	}
	for key, want := range map[string]string{
		"http.request.method": "GET", "http.route": "/data/2.5/weather", "http.response.status_code": "200", "url.scheme": "http",
		"tributary.source.name": sim.OpenWeather, "tributary.sim.fault": "",
	} {
		if attrs[key] != want {
			t.Errorf("%s = %q, want %q", key, attrs[key], want)
		}
	}
	if all := fmt.Sprint(span); strings.Contains(all, "appid") {
		t.Errorf("the span has the query: %s", all)
	}
}

func TestSpanIsNamedByItsRoute(t *testing.T) {
	for _, tt := range []struct{ method, provider, path, name string }{
		{http.MethodGet, sim.Directory, "/users?q=someone", "GET /users"},
		{http.MethodPatch, sim.Directory, "/users/1", "PATCH /users/{id}"},
		{http.MethodGet, sim.Directory, "/users/1/todos", "GET /users/{id}/todos"},
		{http.MethodGet, sim.GitHub, "/users/bret", "GET /users/{login}"},
		{http.MethodGet, sim.OpenMeteo, "/v2/nothing", "GET"},
		{"BREW", sim.OpenMeteo, "/v1/forecast", "_OTHER /v1/forecast"},
	} {
		s, spans := traced(t)
		call(t, tt.method, s.URL(tt.provider)+tt.path, "{}", "Content-Type", "application/json")
		if span, _ := only(t, s, spans); span.Name != tt.name {
			t.Errorf("%s %s: span %q, want %q", tt.method, tt.path, span.Name, tt.name)
		}
	}
}

func TestSpanTellsTheFault(t *testing.T) {
	for _, tt := range []struct {
		fault       sim.Fault
		named       string
		status, why string // http.response.status_code and error.type, "" for none
	}{
		{sim.Fault{ErrorRate: 1, Status: 503}, "error_rate", "503", "503"},
		{sim.Fault{ErrorRate: 1, Status: 429, LatencyMS: 1}, "error_rate", "429", ""},
		{sim.Fault{LatencyMS: 1}, "latency", "200", ""},
		{sim.Fault{Mode: sim.ModeReset}, "reset", "", "reset"},
		{sim.Fault{Mode: sim.ModeTruncate}, "truncate", "200", "truncate"},
		{sim.Fault{Mode: sim.ModeGarbage}, "garbage", "200", ""},
	} {
		t.Run(tt.named+" "+tt.status, func(t *testing.T) {
			s, spans := traced(t)
			set(t, s, sim.OpenMeteo, tt.fault)
			if resp, err := client(t, patience).Get(s.URL(sim.OpenMeteo) + goodPaths[sim.OpenMeteo]); err == nil {
				resp.Body.Close()
			}
			span, attrs := only(t, s, spans)
			if attrs["tributary.sim.fault"] != tt.named || attrs["http.response.status_code"] != tt.status || attrs["error.type"] != tt.why {
				t.Errorf("attributes = %v, want fault %q, status %q, error %q", attrs, tt.named, tt.status, tt.why)
			}
			if got, want := span.Status.Code == codes.Error, tt.why != ""; got != want {
				t.Errorf("error = %t, want %t", got, want)
			}
		})
	}
}
