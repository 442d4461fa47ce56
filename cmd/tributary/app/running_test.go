package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"testing"

	"tributary/cmd/tributary/app"
)

// logged runs a gateway until it listens, and returns its log by message.
func logged(t *testing.T, env map[string]string) map[string]map[string]any {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	logs := &logs{}
	exit := make(chan int, 1)
	go func() {
		exit <- app.Run(ctx, []string{"serve"}, func(name string) string { return env[name] }, &bytes.Buffer{}, logs)
	}()
	logs.waitFor(t, `"msg":"listening"`, 1)
	stop()
	if code := <-exit; code != 0 {
		t.Errorf("exit code = %d, want 0; it logged:\n%s", code, logs)
	}
	lines := make(map[string]map[string]any)
	for line := range strings.Lines(logs.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		lines[fields["msg"].(string)] = fields
	}
	return lines
}

func TestTheStartSaysWhatRuns(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(150))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 30))
	for name, tt := range map[string]struct {
		env  map[string]string
		want map[string]any
	}{
		"alone": {
			map[string]string{},
			map[string]any{"upstreams": "openmeteo geocoding directory github openmeteo_air", "upstreams_off": "openweather metno", "redis": "off", "telemetry": "off", "admin": "off", "version": "dev", "gogc": "150", "gomemlimit": "1024MiB"},
		},
		"with everything, and a Redis that is away": {
			map[string]string{"OPENWEATHER_API_KEY": "k", "METNO_CONTACT": "ops@example.com", "REDIS_URL": "redis://127.0.0.1:1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_METRICS_EXPORTER": "none", "SHUTDOWN_TIMEOUT": "100ms"},
			map[string]any{"upstreams": "openmeteo geocoding openweather metno directory github openmeteo_air", "upstreams_off": nil, "redis": "not reached", "telemetry": "traces"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off"}
			for k, v := range tt.env {
				env[k] = v
			}
			lines := logged(t, env)
			for key, want := range tt.want {
				if got := lines["listening"][key]; got != want {
					t.Errorf("%s = %v, want %v", key, got, want)
				}
			}
			if lines["stopped"] == nil || lines["draining"] == nil {
				t.Errorf("the log has %v, want that it drains, and that it has stopped", lines)
			}
		})
	}
}

// An address on every interface is printed as one that a browser can open.
func TestDemoPrintsAddressesThatCanBeOpened(t *testing.T) {
	for _, host := range []string{"", "0.0.0.0", "[::]", "127.0.0.1"} {
		t.Run("listening on "+host, func(t *testing.T) {
			if ln, err := net.Listen("tcp", host+":0"); err != nil {
				t.Skipf("this machine has no such address: %v", err)
			} else {
				ln.Close()
			}
			p := start(t, map[string]string{"LISTEN_ADDR": host + ":0", "ADMIN_ADDR": host + ":0", "SIM_ADDR": host + ":0"}, "demo")
			for _, name := range []string{"api", "admin", "sim", "openmeteo"} {
				if url := p.urls[name]; strings.Contains(url, "[::]") || strings.Contains(url, "0.0.0.0") {
					t.Errorf("%s is at %s, which cannot be opened", name, url)
				}
			}
			if a := p.do(http.MethodGet, p.urls["api"]+"/readyz", ""); a.status != http.StatusOK {
				t.Errorf("GET %s/readyz = %d, want 200", p.urls["api"], a.status)
			}
			if a := p.do(http.MethodGet, p.urls["admin"]+"/", ""); a.status != http.StatusOK || !strings.Contains(a.body, `href="/metrics"`) || !strings.Contains(a.body, `href="/console"`) {
				t.Errorf("GET %s/ = %d %s, want a page with links", p.urls["admin"], a.status, a.body)
			}
		})
	}
}
