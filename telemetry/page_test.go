package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// page returns the metrics page before any request was served.
func page(t *testing.T, cfg Config) string {
	t.Helper()
	cfg.Parent, cfg.Logger = Join, slog.New(slog.DiscardHandler)
	tel, err := Setup(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tel.Shutdown(context.Background()) })
	w := httptest.NewRecorder()
	tel.MetricsPage().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("GET /metrics: status = %d, want 200", w.Code)
	}
	return w.Body.String()
}

func TestServiceName(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "theirs")
	for fixed, want := range map[bool]string{false: `service_name="theirs"`, true: `service_name="ours"`} {
		if got := page(t, Config{Service: "ours", Fixed: fixed, Env: func(string) string { return "" }}); !strings.Contains(got, want) {
			t.Errorf("fixed = %t: metrics do not have %s", fixed, want)
		}
	}
}

func TestMetricsPage(t *testing.T) {
	if got := page(t, Config{Env: func(string) string { return "" }}); !strings.Contains(got, "\ngo_goroutines ") {
		t.Error("metrics do not have go_goroutines")
	}
	disabled := func(name string) string { return map[string]string{"OTEL_SDK_DISABLED": "true"}[name] }
	if got := page(t, Config{Env: disabled}); strings.Contains(got, "go_goroutines") {
		t.Error("metrics with OTEL_SDK_DISABLED have go_goroutines, want nothing")
	}
}
