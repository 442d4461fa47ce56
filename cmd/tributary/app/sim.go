package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"tributary/telemetry"
	"tributary/upstream/declared"
	upstreamsim "tributary/upstream/sim"
)

// sim runs the simulated upstreams until SIGINT or SIGTERM.
func sim(ctx context.Context, n Network, getenv func(string) string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	simulator, code := startSimulator(ctx, n, getenv, false, stderr)
	if simulator == nil {
		return code
	}
	defer simulator.Close()
	hangUp := make(chan os.Signal, 1)
	if simulator.declared != nil {
		signal.Notify(hangUp, syscall.SIGHUP) // without a file the signal ends the process, as usual
		defer signal.Stop(hangUp)
	}
	announceSimulator(stdout, simulator)
	fmt.Fprintln(stdout, "ready")
	simulator.watch(ctx, getenv, hangUp)
	return 0
}

// simulated is a running simulator with its own telemetry: in traces it is a service
// of its own.
type simulated struct {
	*upstreamsim.Simulator
	tel *telemetry.Telemetry
	log *slog.Logger
	cfg config // that it was started with; the URLs of declared upstreams are not their own

	declared *declared.Simulation // nil: there is no file of endpoints
}

// startSimulator returns a running simulator, or nil and the exit code. It reads the
// file of endpoints, so that nothing listens when that has mistakes. In one process
// with a gateway, OTEL_SERVICE_NAME is the gateway's name only.
func startSimulator(ctx context.Context, n Network, getenv func(string) string, besideGateway bool, stderr io.Writer) (*simulated, int) {
	cfg, err := readConfig(withoutURLs(getenv))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return nil, 1
	}
	s := &simulated{log: newLogger(cfg, getenv, stderr), cfg: cfg}
	if cfg.definition != nil {
		s.declared = declared.NewSimulation(cfg.definition)
	}
	if !besideGateway { // a gateway logs the same
		logEnvironment(s.log, getenv)
	}
	s.tel, err = telemetry.Setup(ctx, telemetry.Config{
		Service: "tributary-sim",
		Fixed:   besideGateway,
		Version: thisBuild().version,
		Parent:  telemetry.Trust, // so that a trace which the gateway samples is complete
		Env:     getenv,
		Logger:  s.log,
	})
	if err != nil {
		s.log.Error("stopped", "error", "telemetry: "+err.Error())
		return nil, 1
	}
	s.Simulator, err = upstreamsim.Start(ctx, upstreamsim.Config{
		Addr:           string(cfg.SimAddr),
		OpenWeatherKey: cfg.Keys["OPENWEATHER_API_KEY"].Reveal(),
		Further:        s.further(),
		Listen:         n.Listen,
		Logger:         s.log,
		Tracer:         s.tel.Tracer(),
	})
	if err != nil {
		s.log.Error("stopped", "error", cannotSimulate(string(cfg.SimAddr), err).Error())
		flush(context.WithoutCancel(ctx), s.tel, s.log)
		return nil, 1
	}
	return s, 0
}

// cannotSimulate says what to do if the address of the simulator, or one of the ports
// after it, is taken.
func cannotSimulate(addr string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("SIM_ADDR: %w", err)
	}
	host, _, _ := net.SplitHostPort(addr)
	return fmt.Errorf("SIM_ADDR: %w: the simulator listens at %s and on the next ports, one for each upstream; set SIM_ADDR to another address (SIM_ADDR=%s is any free ports)", err, addr, net.JoinHostPort(host, "0"))
}

// Close stops the simulator and exports the last telemetry.
func (s *simulated) Close() {
	_ = s.Simulator.Close() // its errors are logged
	flush(context.Background(), s.tel, s.log)
}

// announceSimulator prints one line for each listener.
func announceSimulator(stdout io.Writer, s *simulated) {
	for _, l := range s.Listeners() {
		fmt.Fprintf(stdout, "%s %s\n", l.Name, l.URL)
	}
}
