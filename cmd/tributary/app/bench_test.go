package app

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"tributary/telemetry"
)

// nobody reads what it is sent.
type nobody struct {
	header http.Header
	status int
}

func (n *nobody) Header() http.Header         { return n.header }
func (n *nobody) Write(b []byte) (int, error) { return len(b), nil }
func (n *nobody) WriteHeader(status int)      { n.status = status }

// BenchmarkTelemetry is what it costs to be told about answers from memory: the
// whole handler, with the log off.
func BenchmarkTelemetry(b *testing.B) {
	for _, bm := range []struct {
		name string
		env  map[string]string
	}{
		{"nothing", map[string]string{"OTEL_SDK_DISABLED": "true"}},
		{"metrics", map[string]string{"OTEL_TRACES_EXPORTER": "none"}},
		{"metrics and 1 % of traces", map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}},
		{"metrics and all traces", nil},
	} {
		b.Run(bm.name, func(b *testing.B) {
			collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
			}))
			b.Cleanup(collector.Close)
			b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL) // the exporter reads its own
			handler := benchGateway(b, with(bm.env, "OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL, "OTEL_METRICS_EXPORTER", "none"))
			r := httptest.NewRequest(http.MethodGet, "/v1/weather?lat=10&lon=20", nil)
			w := &nobody{header: http.Header{}}
			handler.ServeHTTP(w, r) // remembered from here on
			b.ReportAllocs()
			for b.Loop() {
				w.status = http.StatusOK
				clear(w.header)
				handler.ServeHTTP(w, r)
			}
			if w.status != http.StatusOK {
				b.Fatalf("status = %d, want 200", w.status)
			}
		})
	}
}

// benchGateway is a gateway's handler, with simulated upstreams.
func benchGateway(b *testing.B, env map[string]string) http.Handler {
	b.Helper()
	env = with(env, "SIM_ADDR", "127.0.0.1:0", "CLIENT_RATE_LIMIT", "off")
	getenv := func(name string) string { return env[name] }
	simulator, _ := startSimulator(b.Context(), Network{}, getenv, true, io.Discard)
	if simulator == nil {
		b.Fatal("no simulator")
	}
	b.Cleanup(simulator.Close)
	cfg, err := readConfig(demoEnv(getenv, simulator))
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	tel, err := telemetry.Setup(b.Context(), telemetry.Config{Service: "tributary", Parent: telemetry.Join, Env: getenv, Logger: log})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { flush(context.Background(), tel, log) })
	g, err := newGateway(Network{}, cfg, getenv, tel, log)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = g.Close(context.Background()) })
	return g.api
}

// with adds names and values in turn to a copy of env.
func with(env map[string]string, more ...string) map[string]string {
	all := make(map[string]string)
	maps.Copy(all, env)
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}
