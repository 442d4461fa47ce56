package telemetry

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// methods are the known methods; all others count as the last one.
var methods = [...]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace, "_OTHER"}

// activeRequests counts the requests in flight by method. The counters are read when
// metrics are collected: recording each change would allocate.
type activeRequests [len(methods)]atomic.Int64

// of returns the counter of a known method or of _OTHER.
func (a *activeRequests) of(method string) *atomic.Int64 { return &a[slices.Index(methods[:], method)] }

func (a *activeRequests) register(meter metric.Meter) error {
	active, err := meter.Int64ObservableUpDownCounter("http.server.active_requests",
		metric.WithUnit("{request}"), metric.WithDescription("Number of active HTTP server requests."))
	if err != nil {
		return err
	}
	var options [len(methods)]metric.MeasurementOption
	for i, m := range methods {
		options[i] = metric.WithAttributeSet(attribute.NewSet(semconv.HTTPRequestMethodKey.String(m), semconv.URLScheme("http")))
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for i := range a {
			o.ObserveInt64(active, a[i].Load(), options[i])
		}
		return nil
	}, active)
	return err
}
