package e2e_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tributary/cache/redistest"
)

const deployed = "../../../deploy/prometheus"

// prometheusTool is one of the programs of Prometheus.
func prometheusTool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		redistest.Missing(t, name, "Debian's package prometheus brings it")
	}
	return path
}

// promtool must find nothing to complain about.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	tool := exec.Command(prometheusTool(t, "promtool"), args...)
	tool.Stdin = strings.NewReader(stdin)
	tool.Dir = deployed
	said := &bytes.Buffer{}
	tool.Stdout, tool.Stderr = said, said
	if err := tool.Run(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, said)
	}
}

// busy is a demo in which everything that is counted has happened.
func busy(t *testing.T) *running {
	t.Helper()
	d := startDemo(t, map[string]string{
		"ADMISSION": "adaptive", "OPENMETEO_RATE_LIMIT": "10/1h", "OPENWEATHER_RETRY_DELAY": "1ms", "CLIENT_RATE_LIMIT": "3/1h",
		"REDIS_URL": redistest.NewProxy(t, redistest.Start(t)).PatientURL(), "ENDPOINTS_FILE": "../../../examples/orders/orders.yaml",
	})
	d.get("/v1/weather?city=Oslo")
	d.fault("openweather", `{"error_rate": 1}`)
	d.get("/v1/weather?city=Tokyo")
	d.get("/v1/places?q=Oslo")
	if a := d.get("/v1/weather?city=Oslo"); a.status != http.StatusTooManyRequests {
		t.Fatalf("a request too many = %v, want 429", a)
	}
	d.writeTwice()
	return d
}

// writeTwice sends a write, and repeats it.
func (d *running) writeTwice() {
	d.t.Helper()
	write := http.Header{"Authorization": {"Bearer " + demoKey}, "Content-Type": {"application/json"}, "Idempotency-Key": {`"once"`}}
	for range 2 {
		if a := d.do(http.MethodPost, d.urls["api"]+"/v1/users", `{"name": "Grete"}`, write); a.status != http.StatusCreated {
			d.t.Fatalf("a write = %v, want 201", a)
		}
	}
}

// metrics is the page that Prometheus asks for.
func (d *running) metrics() string {
	d.t.Helper()
	return d.do(http.MethodGet, d.urls["admin"]+"/metrics", "", nil).body
}

func TestPromtool(t *testing.T) {
	t.Run("check metrics", func(t *testing.T) {
		promtool(t, busy(t).metrics(), "check", "metrics")
	})
	t.Run("check rules", func(t *testing.T) { promtool(t, "", "check", "rules", "rules.yml") })
	t.Run("check config", func(t *testing.T) { promtool(t, "", "check", "config", "prometheus.yml") })
	t.Run("test rules", func(t *testing.T) { promtool(t, "", "test", "rules", "rules_test.yml") })
}

// What the rules and the dashboard ask for is what the gateway has.
func TestDeployedQueries(t *testing.T) {
	page := busy(t).metrics()
	metric := regexp.MustCompile(`\b(?:http|tributary|go|process)_[a-z_]+`)
	known := map[string]bool{}
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "#") {
			for _, name := range metric.FindAllString(line, -1) { // labels too
				known[name] = true
			}
		}
	}
	for name, queries := range map[string][]string{
		"rules.yml":      recorded(t),
		"tributary.json": shown(t),
	} {
		if len(queries) == 0 {
			t.Errorf("%s asks for nothing", name)
		}
		for _, query := range queries {
			for _, used := range metric.FindAllString(query, -1) {
				if !known[used] {
					t.Errorf("%s asks for %s, which is not in /metrics: %s", name, used, query)
				}
			}
		}
	}
}

// recorded are the lines of the rules that have queries in them; names of
// recorded rules have colons.
func recorded(t *testing.T) (queries []string) {
	t.Helper()
	rules, err := os.ReadFile(filepath.Join(deployed, "rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	own := regexp.MustCompile(`\w+:\w+:\w+`)
	for line := range strings.Lines(string(rules)) {
		if trimmed := strings.TrimSpace(line); !strings.HasPrefix(trimmed, "#") && strings.Contains(trimmed, "_") {
			queries = append(queries, own.ReplaceAllString(trimmed, ""))
		}
	}
	return queries
}

// shown are the queries of the dashboard.
func shown(t *testing.T) (queries []string) {
	t.Helper()
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			queries = append(queries, target.Expr)
		}
	}
	return queries
}

// A real Prometheus, by the configuration that is deployed, scrapes a gateway
// and evaluates the rules.
func TestPrometheus(t *testing.T) {
	d := busy(t)
	p := startPrometheus(t, d)
	for query, want := range map[string]string{
		`tributary_answers_total{tributary_status="degraded"}`: "1",
		`tributary_clients_limited_total`:                      "1",
		`tributary_idempotency_replays_total`:                  "1",
		`http_server_request_duration_seconds_count{http_route="/v1/weather", http_response_status_code="200"}`:           "2",
		`sum(http_client_request_duration_seconds_count{tributary_source_name="openweather", error_type="500"}) > bool 0`: "1",
		`tributary_source_answers_total{tributary_source_name="openweather", tributary_source_state="failed"}`:            "1",
		`tributary_breaker_state{tributary_source_name="openweather"}`:                                                    "0",
		`tributary_quota_left{tributary_source_name="openmeteo"}`:                                                         "7", // two calls of weight 1.3
		`count(tributary_build_info{version!="", commit!="", go_version=~"go1.*"})`:                                       "1",
		`tributary_cache_limit`:            "100000",
		`tributary_cache_entries > bool 0`: "1", `tributary_cache_size_bytes > bool 1000`: "1",
		`tributary_cache_evictions_total`:                                      "0",
		`go_goroutines > bool 0`:                                               "1",
		`process_resident_memory_bytes > bool 0`:                               "1",
		`http_server_active_requests{http_request_method="GET"}`:               "0",
		`tributary_redis_commands_total > bool 0`:                              "1",
		`tributary_redis_failures_total`:                                       "0",
		`tributary_endpoints_loads_total{tributary_endpoints_result="loaded"}`: "1",
	} {
		if got := p.query(query); got != want {
			t.Errorf("%s = %q, want %q", query, got, want)
		}
	}
	eventually(t, "rules are evaluated", func() bool { return p.query(`count(source:tributary_degraded:ratio_rate5m) > bool 0`) == "1" })
}
