//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// rig is what all measurements share: the programs, the cores and the simulated
// upstreams.
type rig struct {
	options
	dir             string // for logs and configurations
	self            string // this program
	measured, other string // cores: of the program that is measured, and of the rest; empty: any
	upstreams       map[string]string
	sim             *process
	traces          *httptest.Server // takes spans and drops them
	body            string           // a file with the gateway's answer, for those that only send it
	headers         string           // a file with that answer's headers
}

func newRig(ctx context.Context, o options) (*rig, error) {
	r := &rig{options: o}
	var err error
	if r.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if r.dir, err = os.MkdirTemp("", "tributary-bench"); err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		r.measured, r.other = "0", fmt.Sprintf("1-%d", runtime.NumCPU()-1)
		pid := fmt.Sprint(os.Getpid())
		if out, err := exec.Command("taskset", "-a", "-c", "-p", r.other, pid).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("taskset: %w: %s", err, out)
		}
	}
	if r.gateway == "" {
		r.gateway = filepath.Join(r.dir, "tributary")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w", "-o", r.gateway, "tributary/cmd/tributary")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
	}
	r.traces = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { _, _ = io.Copy(io.Discard, q.Body) }))
	if r.sim, err = r.start(r.other, []string{"SIM_ADDR=127.0.0.1:0"}, "sim", r.gateway, "sim"); err != nil {
		return nil, err
	}
	if r.upstreams, err = r.sim.addresses(); err != nil {
		return nil, err
	}
	return r, r.record(ctx)
}

func (r *rig) close() {
	r.sim.stop()
	r.traces.Close()
	_ = os.RemoveAll(r.dir)
}

const place = "/v1/weather?lat=28.65&lon=77.23"

// record keeps an answer of the gateway: the floor and the caches send the same bytes.
func (r *rig) record(ctx context.Context) error {
	g, err := r.startGateway(ctx, nil)
	if err != nil {
		return err
	}
	defer g.stop()
	resp, err := http.Get("http://" + g.addr + place)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"complete"`)) {
		return fmt.Errorf("the gateway's answer is %s: %s", resp.Status, body)
	}
	headers, err := json.Marshal(resp.Header)
	if err != nil {
		return err
	}
	r.body, r.headers = filepath.Join(r.dir, "body.json"), filepath.Join(r.dir, "headers.json")
	if err := os.WriteFile(r.body, body, 0o600); err != nil {
		return err
	}
	return os.WriteFile(r.headers, headers, 0o600)
}

// gatewayEnv is the gateway's environment: metrics on, one trace in a hundred is kept and
// sent, no access log, no limits, and the memory limit of deploy/. more comes after it,
// and wins.
func (r *rig) gatewayEnv(more ...string) []string {
	env := []string{
		"ADMIN_ADDR=127.0.0.1:0", "CONSOLE=off", "PPROF=off", "LOG_LEVEL=warn", "CLIENT_RATE_LIMIT=off", "GOMEMLIMIT=460MiB",
		"OPENWEATHER_API_KEY=bench", "METNO_CONTACT=bench@example.com",
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + r.traces.URL, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_METRICS_EXPORTER=none",
		"OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.01",
	}
	for name, url := range r.upstreams {
		if name == "sim" {
			continue
		}
		u := strings.ToUpper(name)
		env = append(env, u+"_URL="+url, u+"_RATE_LIMIT=off", u+"_MAX_CONCURRENT=1000")
	}
	return append(env, more...)
}

// startGateway starts a gateway and waits until it is ready.
func (r *rig) startGateway(ctx context.Context, more []string, args ...string) (*process, error) {
	addr := freeAddr()
	args = append([]string{"serve"}, args...)
	return r.ready(ctx, r.gatewayEnv(append([]string{"LISTEN_ADDR=" + addr}, more...)...), "gateway", addr, "/readyz", r.gateway, args...)
}

// ready starts a program that is measured, and waits until path answers 200.
func (r *rig) ready(ctx context.Context, env []string, name, addr, path, program string, args ...string) (*process, error) {
	p, err := r.start(r.measured, env, name, program, args...)
	if err != nil {
		return nil, err
	}
	p.addr = addr
	if err := p.waitFor(ctx, path); err != nil {
		p.stop()
		log, _ := os.ReadFile(filepath.Join(r.dir, name+".log"))
		return nil, fmt.Errorf("%w: %s", err, log)
	}
	return p, nil
}

// fault sets a fault of a simulated upstream; "" lifts it.
func (r *rig) fault(provider, fault string) error {
	method := http.MethodPut
	if fault == "" {
		method = http.MethodDelete
	}
	req, err := http.NewRequest(method, r.upstreams["sim"]+"/_sim/"+provider, strings.NewReader(fault))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("fault of %s: %s", provider, resp.Status)
	}
	return nil
}

// providers are the upstreams of the weather.
var providers = []string{"openmeteo", "openweather", "metno"}

// faults sets the same fault at all providers.
func (r *rig) faults(fault string) error {
	for _, p := range providers {
		if err := r.fault(p, fault); err != nil {
			return err
		}
	}
	return nil
}

// cells is how many places there are in each direction, a hundredth of a degree apart.
const cells = 17000

// newPlaces returns questions for places of which none is asked twice, also not by
// another call.
func newPlaces() func(int) string {
	base := int(time.Now().UnixNano() / 1000 % (cells * cells))
	return func(n int) string {
		i := (base + n*7919) % (cells * cells)
		lat, lon := i/cells-cells/2, i%cells-cells/2
		return fmt.Sprintf("?lat=%.2f&lon=%.2f", float64(lat)/100, float64(lon)/100)
	}
}
