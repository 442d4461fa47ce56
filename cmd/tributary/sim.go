package main

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"tributary/telemetry"
	upstreamsim "tributary/upstream/sim"
)

// sim is the simulated upstreams on their own.
func sim(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	simulator, code := startSimulator(ctx, getenv, stderr)
	if simulator == nil {
		return code
	}
	defer simulator.Close()
	announceSimulator(stdout, simulator)
	fmt.Fprintln(stdout, "ready")
	<-ctx.Done()
	return 0
}

// startSimulator is nil, and the exit code, when it cannot be started.
func startSimulator(ctx context.Context, getenv func(string) string, stderr io.Writer) (*upstreamsim.Simulator, int) {
	cfg, err := readConfig(getenv)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return nil, 1
	}
	log := telemetry.NewLogger(stderr, cfg.LogLevel.Level(), cfg.LogFormat == logText)
	simulator, err := upstreamsim.Start(ctx, upstreamsim.Config{
		Addr:           string(cfg.SimAddr),
		OpenWeatherKey: cfg.OpenWeatherKey.Reveal(),
		Logger:         log,
	})
	if err != nil {
		fmt.Fprintln(stderr, err)
		return nil, 1
	}
	return simulator, 0
}

// announceSimulator prints a line a listener.
func announceSimulator(stdout io.Writer, s *upstreamsim.Simulator) {
	for _, l := range s.Listeners() {
		fmt.Fprintf(stdout, "%s %s\n", l.Name, l.URL)
	}
}
