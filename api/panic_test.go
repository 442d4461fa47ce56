package api_test

import (
	"context"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"tributary/api"
	"tributary/telemetry"
	"tributary/telemetry/telemetrytest"
)

func errorsIn(t *testing.T, log *logbook) (lines []map[string]any) {
	t.Helper()
	for _, line := range log.lines(t) {
		if line["level"] == "ERROR" {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestPanic(t *testing.T) {
	var log logbook
	spans := collect(t)
	tel := spans.telemetry(t)
	g := newGateway(t, func(s *setup) {
		s.logTo, s.Telemetry = &log, tel
		s.Status = func() api.Status { panic("a bug in the wiring") }
	})
	a := g.get("/v1/status")
	p := a.problem(http.StatusInternalServerError, "internal_error")
	a.wantHeader("Cache-Control", "no-store")
	if strings.Contains(string(a.body), "wiring") {
		t.Errorf("%s shows the caller the error: %s", a.call, a.body)
	}

	logged := errorsIn(t, &log)
	if len(logged) != 1 {
		t.Fatalf("logged %v, want one error", logged)
	}
	line := logged[0]
	if line["panic"] != "a bug in the wiring" || line["trace_id"] != p.TraceID || !strings.Contains(line["stack"].(string), "TestPanic") {
		t.Errorf("logged %v, want the panic, the trace %s and the stack", line, p.TraceID)
	}

	g.get(here).wantStatus(http.StatusOK) // the process still runs

	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	span := spans.named("GET /v1/status")
	if span.GetStatus().GetCode() != trace.Status_STATUS_CODE_ERROR {
		t.Errorf("the span's status is %v, want an error", span.GetStatus())
	}
	if len(span.GetEvents()) != 1 || span.GetEvents()[0].GetName() != "exception" {
		t.Errorf("the span's events are %v, want an exception", span.GetEvents())
	}
	if got := spans.named("GET /v1/weather").GetStatus().GetCode(); got != trace.Status_STATUS_CODE_UNSET {
		t.Errorf("the next request's span has status %v, want none", got)
	}
}

func TestPanicThatDropsTheConnection(t *testing.T) {
	var log logbook
	g := newGateway(t, func(s *setup) {
		s.logTo = &log
		s.Status = func() api.Status { panic(http.ErrAbortHandler) }
	})
	if response, err := g.client.Get("http://gateway.test/v1/status"); err == nil {
		response.Body.Close()
		t.Errorf("there is an answer with status %d, want none", response.StatusCode)
	}
	if logged := errorsIn(t, &log); len(logged) != 0 {
		t.Errorf("logged %v, want nothing", logged)
	}
}

func TestUnforeseenError(t *testing.T) {
	var log logbook
	g := newGateway(t, func(s *setup) {
		s.logTo = &log
		s.Status = func() api.Status { // has no JSON form
			return api.Status{Upstreams: []api.UpstreamStatus{{UpstreamCounts: &api.UpstreamCounts{LatencyMS: &api.LatencyStatus{P50: math.NaN()}}}}}
		}
	})
	a := g.get("/v1/status")
	p := a.problem(http.StatusInternalServerError, "internal_error")
	if strings.Contains(string(a.body), "NaN") {
		t.Errorf("%s shows the caller the error: %s", a.call, a.body)
	}
	logged := errorsIn(t, &log)
	if len(logged) != 1 || !strings.Contains(logged[0]["error"].(string), "NaN") || logged[0]["trace_id"] != p.TraceID {
		t.Errorf("logged %v, want one error that says what it was, in the trace %s", logged, p.TraceID)
	}
}

// collected holds the exported spans.
type collected struct {
	url string

	mu    sync.Mutex
	spans []*trace.Span
}

// collect starts an OTLP collector.
func collect(t *testing.T) *collected {
	c := &collected{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		watch.Check(telemetrytest.Trace, body)
		if r.URL.Path != "/v1/traces" {
			return
		}
		var export collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &export); err != nil {
			t.Errorf("spans that cannot be read: %v", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range export.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				c.spans = append(c.spans, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// telemetry exports its spans to the collector when it is shut down.
func (c *collected) telemetry(t *testing.T, changes ...func(*telemetry.Config)) *telemetry.Telemetry {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.url+"/v1/traces")
	cfg := telemetry.Config{Service: "test", Env: os.Getenv}
	for _, change := range changes {
		change(&cfg)
	}
	tel, err := telemetry.Setup(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return tel
}

// named returns the first span of a name, or nil.
func (c *collected) named(name string) *trace.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.GetName() == name {
			return s
		}
	}
	return nil
}
