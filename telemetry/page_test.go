package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
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
	got := page(t, Config{Env: func(string) string { return "" }})
	for _, name := range []string{
		"go_goroutines", "go_threads", "go_info", "go_memstats_heap_inuse_bytes", "go_gc_duration_seconds_count",
		"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_start_time_seconds",
		"http_server_active_requests",
	} {
		if !regexp.MustCompile(`(?m)^` + name + `[ {]`).MatchString(got) {
			t.Errorf("metrics do not have %s", name)
		}
	}
	helps := map[string]int{}
	for line := range strings.Lines(got) {
		if strings.HasPrefix(line, "# HELP ") {
			helps[strings.Fields(line)[2]]++
		}
	}
	for name, n := range helps {
		if n > 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	// OpenTelemetry's metrics of the runtime are for OTLP.
	for _, name := range []string{"go_goroutine_count", "go_memory_used_bytes"} {
		if helps[name] > 0 {
			t.Errorf("metrics have %s beside the same number under another name", name)
		}
	}
	disabled := func(name string) string { return map[string]string{"OTEL_SDK_DISABLED": "true"}[name] }
	if got := page(t, Config{Env: disabled}); got != "" {
		t.Errorf("metrics with OTEL_SDK_DISABLED are %q, want nothing", got)
	}
}

func TestActiveRequests(t *testing.T) {
	tel, err := Setup(t.Context(), Config{Env: func(string) string { return "" }, Parent: Join, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tel.Shutdown(context.Background()) })
	active := func(method string) string {
		w := httptest.NewRecorder()
		tel.MetricsPage().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		m := regexp.MustCompile(`(?m)^http_server_active_requests{http_request_method="` + method + `",.*} (\d+)$`).FindStringSubmatch(w.Body.String())
		if m == nil {
			t.Fatalf("metrics do not have the active requests of %s", method)
		}
		return m[1]
	}
	for name, c := range map[string]struct{ method, path, counted, want string }{
		"it counts a request by its method":       {http.MethodPost, "/", "POST", "1"},
		"it counts unknown methods together":      {"BREW", "/", "_OTHER", "1"},
		"it does not count health checks":         {http.MethodGet, "/readyz", "GET", "0"},
		"it ends its count when a handler panics": {http.MethodGet, "/", "GET", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			during := ""
			handler := tel.Server(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				during = active(c.counted)
				panic(http.ErrAbortHandler)
			}))
			func() {
				defer func() { _ = recover() }()
				handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(c.method, c.path, nil))
			}()
			if after := active(c.counted); during != c.want || after != "0" {
				t.Errorf("active requests: %q during the request and %q after it, want %s and 0", during, after, c.want)
			}
		})
	}
}
