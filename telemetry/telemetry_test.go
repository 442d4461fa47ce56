package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const (
	remoteTrace   = "4bf92f3577b34da6a3ce929d0e0e4736"
	remoteSpan    = "00f067aa0ba902b7"
	remoteSampled = "00-" + remoteTrace + "-" + remoteSpan + "-01"
	remoteDropped = "00-" + remoteTrace + "-" + remoteSpan + "-00"
)

func TestSamplers(t *testing.T) {
	for _, tt := range []struct {
		name, arg   string
		parent      Parent
		traceparent string
		sampled     bool
	}{
		{"", "", Join, "", true},
		{"", "", Join, remoteDropped, true}, // the caller's flag is ignored
		{"", "", Trust, remoteDropped, false},
		{"parentbased_always_off", "", Join, remoteSampled, false},
		{"parentbased_always_off", "", Trust, remoteSampled, true},
		{"parentbased_traceidratio", "0", Join, remoteSampled, false},
		{"parentbased_traceidratio", "0", Trust, remoteSampled, true},
		{"always_on", "", Trust, remoteDropped, true},
		{"always_off", "", Trust, remoteSampled, false},
		{"traceidratio", "1", Join, remoteDropped, true},
	} {
		t.Run(strings.Join([]string{tt.name, tt.arg, string(tt.parent), tt.traceparent}, " "), func(t *testing.T) {
			sampler, err := samplerFor(tt.name, tt.arg, tt.parent)
			if err != nil {
				t.Fatal(err)
			}
			spans := serveOne(t, sampler, tt.parent, tt.traceparent, http.StatusOK)
			if got := len(spans) == 1; got != tt.sampled {
				t.Errorf("sampled = %t, want %t", got, tt.sampled)
			}
		})
	}
	for _, bad := range [][2]string{{"sometimes", ""}, {"traceidratio", "2"}, {"traceidratio", "NaN"}, {"traceidratio", "half"}} {
		if _, err := samplerFor(bad[0], bad[1], Join); err == nil || !strings.HasPrefix(err.Error(), "OTEL_TRACES_SAMPLER") {
			t.Errorf("samplerFor(%q, %q) = %v, want an error that names the variable", bad[0], bad[1], err)
		}
	}
}

// serveOne serves one request through Server and returns the recorded spans.
func serveOne(t *testing.T, sampler sdktrace.Sampler, parent Parent, traceparent string, status int) tracetest.SpanStubs {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSyncer(exporter))
	tel, err := Setup(t.Context(), Config{Service: "tributary", Parent: parent, Env: func(string) string { return "" }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	tel.provider, tel.tracer = provider, provider.Tracer(Scope)
	r := chi.NewRouter()
	r.Use(tel.Server)
	r.Get("/things/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	r.Get("/livez", func(http.ResponseWriter, *http.Request) {})
	req := httptest.NewRequest(http.MethodGet, "/things/7?secret=x", nil)
	if traceparent != "" {
		req.Header.Set("Traceparent", traceparent)
		req.Header.Set("Baggage", "user=me")
	}
	r.ServeHTTP(httptest.NewRecorder(), req)
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/livez", nil))
	return exporter.GetSpans()
}

func TestServerSpan(t *testing.T) {
	always := sdktrace.AlwaysSample()
	t.Run("is named by its route and has no query", func(t *testing.T) {
		span := serveOne(t, always, Join, "", http.StatusOK)[0]
		if span.Name != "GET /things/{id}" || span.SpanKind != trace.SpanKindServer || span.Status.Code != codes.Unset {
			t.Errorf("span = %q, %v, %v; want GET /things/{id}, server, unset", span.Name, span.SpanKind, span.Status.Code)
		}
		got := map[string]any{}
		for _, a := range span.Attributes {
			got[string(a.Key)] = a.Value.AsInterface()
		}
		want := map[string]any{"http.request.method": "GET", "http.route": "/things/{id}", "url.path": "/things/7", "http.response.status_code": int64(200)}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s = %v, want %v", key, got[key], value)
			}
		}
	})
	t.Run("of a 503 is an error, of a 404 is not", func(t *testing.T) {
		if got := serveOne(t, always, Join, "", http.StatusServiceUnavailable)[0].Status.Code; got != codes.Error {
			t.Errorf("status of the span of a 503 = %v, want error", got)
		}
		if got := serveOne(t, always, Join, "", http.StatusNotFound)[0].Status.Code; got != codes.Unset {
			t.Errorf("status of the span of a 404 = %v, want unset", got)
		}
	})
	t.Run("joins the caller's trace", func(t *testing.T) {
		span := serveOne(t, always, Join, remoteSampled, http.StatusOK)[0]
		if span.SpanContext.TraceID().String() != remoteTrace || span.Parent.SpanID().String() != remoteSpan {
			t.Errorf("trace %s, parent %s; want the caller's", span.SpanContext.TraceID(), span.Parent.SpanID())
		}
	})
	t.Run("links to the caller's trace", func(t *testing.T) {
		span := serveOne(t, always, Link, remoteSampled, http.StatusOK)[0]
		if span.Parent.IsValid() || len(span.Links) != 1 || span.Links[0].SpanContext.TraceID().String() != remoteTrace {
			t.Errorf("parent %v, links %v; want a root with a link to the caller's", span.Parent, span.Links)
		}
	})
	t.Run("ignores an invalid traceparent", func(t *testing.T) {
		if span := serveOne(t, always, Join, "00-zz-zz-01", http.StatusOK)[0]; span.Parent.IsValid() {
			t.Errorf("parent = %v, want none", span.Parent)
		}
	})
}

func TestSetup(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	setup := func(t *testing.T, getenv func(string) string) (*Telemetry, error) {
		t.Helper()
		tel, err := Setup(t.Context(), Config{Service: "tributary", Version: "1", Parent: Join, Env: getenv, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			t.Cleanup(func() { tel.Shutdown(context.Background()) })
		}
		return tel, err
	}
	t.Run("creates trace ids without an endpoint, and exports nothing", func(t *testing.T) {
		tel, err := setup(t, env())
		if err != nil {
			t.Fatal(err)
		}
		_, span := tel.Tracer().Start(t.Context(), "x")
		defer span.End()
		if !span.SpanContext().IsValid() || span.IsRecording() {
			t.Errorf("span: valid = %t, recording = %t; want true, false", span.SpanContext().IsValid(), span.IsRecording())
		}
	})
	t.Run("exports to a collector", func(t *testing.T) {
		got := make(chan string, 1)
		collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			select {
			case got <- r.URL.Path + " " + string(body):
			default:
			}
		}))
		defer collector.Close()
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL) // the exporter reads the process's environment
		tel, err := setup(t, env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL))
		if err != nil {
			t.Fatal(err)
		}
		_, span := tel.Tracer().Start(t.Context(), "a span to see")
		span.End()
		if err := tel.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if export := <-got; !strings.HasPrefix(export, "/v1/traces ") || !strings.Contains(export, "a span to see") || !strings.Contains(export, "tributary") {
			t.Errorf("exported %q, want the span and the service's name at /v1/traces", export)
		}
	})
	for _, off := range [][]string{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "OTEL_SDK_DISABLED", "true"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER", "none"},
	} {
		if e, err := exporterFor(t.Context(), env(off...)); e != nil || err != nil {
			t.Errorf("exporterFor(%q) = %v, %v; want none", off, e, err)
		}
	}
	if _, err := setup(t, env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon")); err == nil {
		t.Error("a protocol that does not exist is no error, want one")
	}
	if e, err := exporterFor(t.Context(), env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")); e == nil || err != nil {
		t.Errorf("exporterFor grpc = %v, %v; want one", e, err)
	} else {
		e.Shutdown(t.Context())
	}
}

func TestExportErrorsAreLoggedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		h := occasionally(slog.New(slog.NewJSONHandler(&out, nil)), time.Minute)
		for range 1200 { // ten a second for two minutes
			h.Handle(errors.New("s3cret"))
			time.Sleep(100 * time.Millisecond)
		}
		if lines := strings.Count(out.String(), "\n"); lines != 2 {
			t.Errorf("logged %d lines in two minutes, want 2", lines)
		}
		if strings.Contains(out.String(), "s3cret") {
			t.Errorf("logged the text of an error: %s", &out)
		}
	})
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelInfo, JSON).With("a", 1).WithGroup("g")
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}}))
	log.InfoContext(ctx, "hello")
	var line struct {
		A int
		G struct {
			TraceID string `json:"trace_id"`
			SpanID  string `json:"span_id"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.G.TraceID != "01000000000000000000000000000000" || line.G.SpanID != "0200000000000000" || line.A != 1 {
		t.Errorf("logged %s, want the ids of the trace and the span", &out)
	}
}

// timeOfDay is the beginning of a line for people.
var timeOfDay = regexp.MustCompile(`^(\x1b\[2m)?\d\d:\d\d:\d\d\.\d{3}(\x1b\[0m)? `)

func TestTextLog(t *testing.T) {
	line := func(style LogStyle, log func(*slog.Logger)) string {
		var out bytes.Buffer
		log(NewLogger(&out, slog.LevelInfo, style))
		clock := timeOfDay.FindString(out.String())
		if clock == "" && out.Len() > 0 {
			t.Errorf("logged %q, want the time of day first", &out)
		}
		return strings.TrimPrefix(out.String(), clock)
	}
	request := func(degraded bool) func(*slog.Logger) {
		return func(log *slog.Logger) {
			log.Info("request", "route", "/v1/weather", "status", 200, "bytes", 412, "request_id", "x", "degraded", degraded, "trace_id", "4b", "span_id", "5c")
		}
	}
	for _, c := range []struct {
		name  string
		style LogStyle
		log   func(*slog.Logger)
		want  string
	}{
		{"it has the useful attributes", Text, request(false), "INF request route=/v1/weather status=200 trace_id=4b\n"},
		{"it has degraded if the answer is", Text, request(true), "INF request route=/v1/weather status=200 degraded=true trace_id=4b\n"},
		{"it obeys the level", Text, func(log *slog.Logger) { log.Debug("hidden") }, ""},
		{"it has an error in red", Colored, func(log *slog.Logger) { log.Error("stopped", "error", "no port") },
			"\x1b[91mERR\x1b[0m stopped \x1b[2;91merror=\x1b[22m\"no port\"\x1b[0m\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := line(c.style, c.log); got != c.want {
				t.Errorf("logged %q, want %q", got, c.want)
			}
		})
	}
}

func TestAccessLog(t *testing.T) {
	var out bytes.Buffer
	r := chi.NewRouter()
	r.Use(AccessLog(NewLogger(&out, slog.LevelInfo, JSON), func(_ *http.Request, attrs []slog.Attr) []slog.Attr { return append(attrs, slog.Bool("extra", true)) }))
	r.Get("/things/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	r.Get("/readyz", func(http.ResponseWriter, *http.Request) {})
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/things/7?key=secret", nil))
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/readyz", nil))
	line := out.String()
	if strings.Count(line, "\n") != 1 || !strings.Contains(line, `"route":"/things/{id}","status":418`) || !strings.Contains(line, `"extra":true`) {
		t.Errorf("logged %s, want one line with route, status and what the handler adds", line)
	}
	if strings.Contains(line, "secret") {
		t.Errorf("logged the query: %s", line)
	}
}

// A stream is recorded once, when it begins, and not for as long as it lasts.
func TestBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exporter := tracetest.NewInMemoryExporter()
		provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
		tel, err := Setup(t.Context(), Config{Service: "tributary", Env: func(string) string { return "" }, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		tel.tracer = provider.Tracer(Scope)
		r := chi.NewRouter()
		r.Use(tel.Server)
		r.Get("/things/stream", func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(200 * time.Millisecond)
			io.WriteString(w, "first")
			Began(r.Context())
			time.Sleep(time.Hour)
			Began(r.Context())
		})
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/things/stream", nil))
		spans := exporter.GetSpans()
		if len(spans) != 1 || spans[0].Name != "GET /things/stream" || spans[0].EndTime.Sub(spans[0].StartTime) != 200*time.Millisecond {
			t.Errorf("spans = %+v, want one of 200 ms", spans)
		}
		page := httptest.NewRecorder()
		tel.MetricsPage().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		for _, want := range []string{
			`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/things/stream",url_scheme="http"} 1`,
			`http_server_request_duration_seconds_sum{http_request_method="GET",http_response_status_code="200",http_route="/things/stream",url_scheme="http"} 0.2`,
		} {
			if !strings.Contains(page.Body.String(), want+"\n") {
				t.Errorf("metrics lack %s in\n%s", want, page.Body)
			}
		}
		Began(t.Context()) // outside a request it does nothing
	})
}
