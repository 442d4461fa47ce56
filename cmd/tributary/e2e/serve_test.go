package e2e_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"tributary/cmd/tributary/app"
)

// gateway is "tributary serve" in this process, until stop is called.
type gateway struct {
	url  string
	stop func()
	exit chan int // its exit code
}

// serve starts a gateway, whose admin listener has to be off, and waits until it
// listens.
func serve(t *testing.T, env map[string]string, stderr io.Writer) *gateway {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	g := &gateway{stop: stop, exit: make(chan int, 1)}
	listening := make(chan string, 1)
	network := app.Network{Listen: func(network, addr string) (net.Listener, error) {
		ln, err := net.Listen(network, addr)
		if err == nil {
			listening <- "http://" + ln.Addr().String()
		}
		return ln, err
	}}
	go func() {
		g.exit <- network.Run(ctx, []string{"serve"}, func(name string) string { return env[name] }, io.Discard, stderr)
	}()
	select {
	case g.url = <-listening:
		return g
	case code := <-g.exit:
		stop()
		t.Fatalf("tributary serve did not start: exit code %d", code)
		return nil
	}
}

func TestSim(t *testing.T) {
	d := start(t, "sim", nil)
	if a := d.do(http.MethodGet, d.urls["openmeteo"]+"/v1/forecast?latitude=1&longitude=1&current=temperature_2m", "", nil); a.status != http.StatusOK {
		t.Errorf("simulated Open-Meteo = %v, want 200", a)
	}
	if len(d.urls) != 8 {
		t.Errorf("sim printed %d addresses, want 8: %v", len(d.urls), d.urls)
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
	gateway := serve(t, env, io.Discard)
	base := gateway.url

	begun, answered := make(chan struct{}), make(chan answer, 1)
	go func() {
		close(begun)
		answered <- simulator.do(http.MethodGet, base+"/v1/weather?lat=1&lon=1", "", nil)
	}()
	<-begun
	for simulator.calls("openmeteo") == 0 { // until the request is in flight
	}
	gateway.stop()
	for simulator.do(http.MethodGet, base+"/readyz", "", nil).status == http.StatusOK { // until it drains
	}
	if a := simulator.do(http.MethodGet, base+"/livez", "", nil); a.status != http.StatusOK {
		t.Errorf("/livez while draining = %v, want 200", a)
	}
	if a := <-answered; a.status != http.StatusOK {
		t.Errorf("a request in flight when the gateway was stopped = %v, want 200", a)
	}
	if code := <-gateway.exit; code != 0 {
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
	logs := &lockedBuffer{}
	gateway := serve(t, env, logs)
	target := gateway.url + "/v1/users/1"
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
	gateway.stop()
	if err := <-answered; err == nil {
		t.Error("a request that outlasts SHUTDOWN_TIMEOUT was answered, want it cut off")
	}
	if code := <-gateway.exit; code != 1 || !strings.Contains(logs.String(), "cut off at the end of SHUTDOWN_TIMEOUT, 200ms") {
		t.Errorf("exit code = %d, want 1 and the reason; it logged:\n%s", code, logs)
	}
}
