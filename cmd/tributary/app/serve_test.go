package app

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	off := map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off"}
	for _, tt := range []struct {
		name   string
		args   []string
		env    map[string]string
		code   int
		stderr string // a part of it
	}{
		{"an unknown command", []string{"sevre"}, off, 2, "usage:"},
		{"an unknown flag", []string{"serve", "-port", "80"}, off, 2, "usage:"},
		{"too many arguments", []string{"serve", "now"}, off, 2, "usage:"},
		{"help", []string{"--help"}, off, 0, ""},
		{"a port that is taken", nil, map[string]string{"LISTEN_ADDR": taken.Addr().String(), "ADMIN_ADDR": "off"}, 1, "LISTEN_ADDR"},
		{"an admin port that is taken", nil, map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": taken.Addr().String()}, 1, "ADMIN_ADDR"},
		{"a configuration with mistakes", nil, map[string]string{"PATIENCE": "soon", "LISTEN_ADDR": "here"}, 1, "PATIENCE: "},
		{"a sampler that does not exist", nil, map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "OTEL_TRACES_SAMPLER": "sometimes"}, 1, "OTEL_TRACES_SAMPLER"},
		{"a number that OpenTelemetry cannot use", nil, map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "OTEL_BSP_MAX_QUEUE_SIZE": "-1"}, 1, "OTEL_BSP_MAX_QUEUE_SIZE: "},
		{"a simulator on a port that is taken", []string{"sim"}, map[string]string{"SIM_ADDR": taken.Addr().String()}, 1, "sim"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := Run(t.Context(), tt.args, func(name string) string { return tt.env[name] }, &stdout, &stderr)
			if code != tt.code || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("run(%q) = %d, want %d and %q on stderr; it has:\n%s", tt.args, code, tt.code, tt.stderr, &stderr)
			}
		})
	}
}

func TestSim(t *testing.T) {
	d := start(t, "sim", nil)
	if a := d.do(http.MethodGet, d.urls["openmeteo"]+"/v1/forecast?latitude=1&longitude=1&current=temperature_2m", "", nil); a.status != http.StatusOK {
		t.Errorf("simulated Open-Meteo = %v, want 200", a)
	}
	if len(d.urls) != 7 {
		t.Errorf("sim printed %d addresses, want 7: %v", len(d.urls), d.urls)
	}
}

// A gateway that is told to stop says so to load balancers, keeps answering
// while they react, finishes what it has begun, and exits with 0.
func TestDraining(t *testing.T) {
	simulator := start(t, "sim", nil)
	simulator.fault("openmeteo", `{"latency_ms": 400}`)
	env := map[string]string{
		"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "DRAIN_DELAY": "100ms",
		"OPENMETEO_URL": simulator.urls["openmeteo"],
	}
	ctx, stop := context.WithCancel(t.Context())
	at := make(chan listening, 1)
	exit := make(chan int, 1)
	go func() {
		exit <- serveUntil(ctx, func(name string) string { return env[name] }, io.Discard, func(l listening) { at <- l })
	}()
	base := urlOf((<-at).api)

	begun, answered := make(chan struct{}), make(chan answer, 1)
	go func() {
		close(begun)
		answered <- simulator.do(http.MethodGet, base+"/v1/weather?lat=1&lon=1", "", nil)
	}()
	<-begun
	for simulator.calls("openmeteo") == 0 { // until the request is in flight
	}
	stop()
	for simulator.do(http.MethodGet, base+"/readyz", "", nil).status == http.StatusOK { // until it drains
	}
	if a := simulator.do(http.MethodGet, base+"/livez", "", nil); a.status != http.StatusOK {
		t.Errorf("/livez while draining = %v, want 200", a)
	}
	if a := <-answered; a.status != http.StatusOK {
		t.Errorf("a request in flight when the gateway was stopped = %v, want 200", a)
	}
	if code := <-exit; code != 0 {
		t.Errorf("exit code = %d, want 0", code)
	}
}

// Whatever hangs, the process ends within SHUTDOWN_TIMEOUT and says what it was.
func TestExitCutsOff(t *testing.T) {
	simulator := start(t, "sim", nil)
	simulator.fault("directory", `{"mode": "hang"}`)
	env := map[string]string{
		"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "SHUTDOWN_TIMEOUT": "200ms", "DIRECTORY_URL": simulator.urls["directory"],
	}
	ctx, stop := context.WithCancel(t.Context())
	at := make(chan listening, 1)
	exit := make(chan int, 1)
	logs := &lockedBuffer{}
	go func() {
		exit <- serveUntil(ctx, func(name string) string { return env[name] }, logs, func(l listening) { at <- l })
	}()
	target := urlOf((<-at).api) + "/v1/users/1"
	answered := make(chan error, 1)
	go func() {
		r, err := http.Get(target)
		if err == nil {
			r.Body.Close()
		}
		answered <- err
	}()
	for simulator.calls("directory") == 0 { // until the request is in flight
	}
	stop()
	if err := <-answered; err == nil {
		t.Error("a request that outlasts SHUTDOWN_TIMEOUT was answered, want it cut off")
	}
	if code := <-exit; code != 1 || !strings.Contains(logs.String(), "cut off at the end of SHUTDOWN_TIMEOUT, 200ms") {
		t.Errorf("exit code = %d, want 1 and the reason; it logged:\n%s", code, logs)
	}
}
