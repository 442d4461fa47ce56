package telemetry

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
)

// processRegistry returns the metrics of the process and of the Go runtime under the
// names that dashboards for Prometheus expect: process_*, go_memstats_*, go_goroutines.
func processRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewGoCollector())
	return registry
}

// withoutRuntime leaves out OpenTelemetry's metrics of the Go runtime. They are for
// OTLP; Prometheus gets the same numbers from processRegistry.
type withoutRuntime struct{ prometheus.Gatherer }

// Gather implements prometheus.Gatherer.
func (w withoutRuntime) Gather() ([]*dto.MetricFamily, error) {
	families, err := w.Gatherer.Gather()
	return slices.DeleteFunc(families, func(f *dto.MetricFamily) bool {
		return strings.HasPrefix(f.GetName(), "go_")
	}), err
}
