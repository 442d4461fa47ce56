// Package e2e_test runs whole gateways against simulated upstreams and, where they
// are installed, against other programs: Redis, Jaeger, Prometheus, Chromium, npm.
package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tributary/cmd/tributary/app"
	"tributary/telemetry/telemetrytest"
)

// watch hears all that the gateways and simulators of these tests tell.
var watch telemetrytest.Watch

func TestMain(m *testing.M) {
	watch.Keep(slices.Collect(maps.Values(secrets))...)
	watch.Keep(demoKey)
	goleak.VerifyTestMain(watch.Wrap(collected{m}, telemetrytest.Log, telemetrytest.Trace, telemetrytest.Metric, telemetrytest.Answer),
		goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial")) // looks once more, a second after Close
}

// collected is tests beside a collector that watches.
type collected struct{ *testing.M }

func (m collected) Run() int {
	collector := watch.Collector()
	defer collector.Close()
	os.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL) // the exporter reads its own
	return m.M.Run()
}

// watched is the environment of a gateway that tells the watch what it does, and
// has secrets to keep.
func watched() map[string]string {
	return with(secrets, "OTEL_EXPORTER_OTLP_ENDPOINT", os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"))
}

// unhurried is the environment of a gateway that refuses nothing and gives nothing up only
// because the machine is building and testing other packages at the same time.
func unhurried() map[string]string {
	env := map[string]string{"ADMISSION": "off", "REQUEST_TIMEOUT": "60s", "PATIENCE": "50s", "PATIENCE_MIN": "50s", "SHUTDOWN_TIMEOUT": "60s"}
	for _, u := range upstreamNames() {
		env[strings.ToUpper(u)+"_TIMEOUT"] = "50s"
	}
	return env
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

// demoKey is the API key that the demo prints.
const demoKey = "demo-key"

// secrets are those of every gateway and simulator of these tests.
var secrets = map[string]string{
	"OPENMETEO_API_KEY": "key-of-openmeteo", "OPENWEATHER_API_KEY": "key-of-openweather",
	"DIRECTORY_TOKEN": "token-of-the-directory", "GITHUB_TOKEN": "token-of-github",
}

// running is a demo in this process, as its users see it.
type running struct {
	t    *testing.T
	urls map[string]string // by the names that it prints
	logs *lockedBuffer
	http *http.Client
}

// startDemo runs "tributary demo" on free ports until the test ends, which
// fails unless it then exits with 0.
func startDemo(t *testing.T, env map[string]string) *running {
	t.Helper()
	return start(t, "demo", env)
}

func start(t *testing.T, command string, env map[string]string) *running {
	t.Helper()
	preset := with(watched(), "LISTEN_ADDR", "127.0.0.1:0", "ADMIN_ADDR", "127.0.0.1:0", "SIM_ADDR", "127.0.0.1:0", "CLIENT_RATE_LIMIT", "off")
	maps.Copy(preset, unhurried())
	getenv := func(name string) string {
		if v, ok := env[name]; ok {
			return v
		}
		return preset[name]
	}
	ctx, cancel := context.WithCancel(context.Background())
	stdout, writer := io.Pipe()
	logs := &lockedBuffer{}
	exit := make(chan int, 1)
	go func() {
		exit <- app.Run(ctx, []string{command}, getenv, writer, io.MultiWriter(logs, watch.Lines()))
		writer.Close()
	}()
	d := &running{t: t, urls: map[string]string{}, logs: logs, http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	t.Cleanup(func() {
		d.http.CloseIdleConnections()
		cancel()
		if code := <-exit; code != 0 {
			t.Errorf("tributary %s: exit code = %d, want 0; it logged:\n%s", command, code, logs)
		}
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && lines.Text() != "ready" {
		name, url, _ := strings.Cut(lines.Text(), " ")
		d.urls[name] = url
	}
	if len(d.urls) == 0 {
		t.Fatalf("tributary %s printed no addresses; it logged:\n%s", command, logs)
	}
	go io.Copy(io.Discard, stdout)
	return d
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// answer is what a frontend gets.
type answer struct {
	status int
	header http.Header
	body   string
	Data   map[string]any `json:"data"`
	Meta   struct {
		Status  string       `json:"status"`
		Sources []sourceMeta `json:"sources"`
		TraceID string       `json:"trace_id"`
	} `json:"meta"`
	Sources []sourceMeta `json:"sources"` // of a problem
}

type sourceMeta struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	Error    struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"error"`
}

// source is the meta of one source, wherever the answer has it.
func (a answer) source(name string) sourceMeta {
	for _, s := range append(a.Meta.Sources, a.Sources...) {
		if s.Name == name {
			return s
		}
	}
	return sourceMeta{}
}

func (a answer) String() string {
	return fmt.Sprintf("%d %s %+v", a.status, a.Meta.Status, append(a.Meta.Sources, a.Sources...))
}

func (d *running) get(path string) answer {
	d.t.Helper()
	return d.do(http.MethodGet, d.urls["api"]+path, "", nil)
}

func (d *running) do(method, url, body string, header http.Header) answer {
	d.t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		d.t.Error(err)
		return answer{}
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := d.http.Do(req)
	if err != nil {
		d.t.Errorf("%s %s: %v", method, url, err)
		return answer{}
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	b, _ := io.ReadAll(resp.Body)
	a.body = string(b)
	watch.Check(telemetrytest.Answer, fmt.Append(b, a.header))
	if strings.HasPrefix(a.body, "{") {
		// data of a list is not in Data, but all the rest is read.
		var list *json.UnmarshalTypeError
		if err := json.Unmarshal(b, &a); err != nil && !(errors.As(err, &list) && list.Field == "data") {
			d.t.Errorf("%s %s: %v in %s", method, url, err, b)
		}
	}
	return a
}

// fault breaks a simulated provider, or with "" mends it.
func (d *running) fault(provider, fault string) {
	d.t.Helper()
	url := d.urls["sim"] + "/_sim/" + provider
	a := d.do(http.MethodPut, url, fault, nil)
	if fault == "" {
		a = d.do(http.MethodDelete, url, "", nil)
	}
	if a.status >= 400 && fault != "" {
		d.t.Fatalf("fault %s %s: status %d", provider, fault, a.status)
	}
}

// calls is how many requests a simulated provider has received.
func (d *running) calls(provider string) int {
	d.t.Helper()
	resp, err := d.http.Get(d.urls["sim"] + "/_sim/" + provider)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct{ Calls int }
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		d.t.Fatal(err)
	}
	return body.Calls
}

// status is what /v1/status says of one upstream.
func (d *running) status(name string) (s struct {
	Name    string
	Calls   int
	Breaker struct{ State string }
}) {
	d.t.Helper()
	resp, err := d.http.Get(d.urls["api"] + "/v1/status")
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct {
		Upstreams []json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		d.t.Fatal(err)
	}
	for _, raw := range body.Upstreams {
		if err := json.Unmarshal(raw, &s); err != nil {
			d.t.Fatal(err)
		}
		if s.Name == name {
			return s
		}
	}
	d.t.Fatalf("/v1/status does not list %s", name)
	return s
}

func TestDemo(t *testing.T) {
	d := startDemo(t, nil)

	t.Run("prints where to go, and that is where things are", func(t *testing.T) {
		for _, name := range []string{"api", "admin", "sim", "openmeteo", "geocoding", "openweather", "metno", "directory", "github", "openmeteo_air"} {
			if !strings.HasPrefix(d.urls[name], "http://127.0.0.1:") {
				t.Errorf("%s is at %q, want an address on 127.0.0.1", name, d.urls[name])
			}
		}
		if a := d.do(http.MethodGet, d.urls["admin"]+"/debug/pprof/cmdline", "", nil); a.status != http.StatusOK {
			t.Errorf("admin listener: status = %d, want 200", a.status)
		}
	})
	t.Run("answers completely, from three sources and a geocoder", func(t *testing.T) {
		a := d.get("/v1/weather?city=Delhi")
		if a.status != http.StatusOK || a.Meta.Status != "complete" || len(a.Meta.Sources) != 4 {
			t.Errorf("GET /v1/weather?city=Delhi = %v, want 200, complete, 4 sources", a)
		}
		if place := a.Data["place"].(map[string]any); place["name"] != "Delhi" || place["country"] != "IN" {
			t.Errorf("place = %v, want Delhi, IN", place)
		}
	})
	t.Run("is ready", func(t *testing.T) {
		var stdout, stderr bytes.Buffer
		if code := app.Run(t.Context(), []string{"health", d.urls["api"]}, func(string) string { return "" }, &stdout, &stderr); code != 0 {
			t.Errorf("tributary health = %d, want 0: %s", code, &stderr)
		}
	})
}
