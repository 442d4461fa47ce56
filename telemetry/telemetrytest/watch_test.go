package telemetrytest_test

import (
	"context"
	"log/slog"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"tributary/telemetry"
	"tributary/telemetry/telemetrytest"
)

func TestWatch(t *testing.T) {
	const secret, person = "swordfish", "ada@example.org"
	for _, c := range []struct {
		name string
		tell func(*telemetrytest.Watch)
		want int
	}{
		{"a secret in a log line", func(w *telemetrytest.Watch) {
			slog.New(slog.NewJSONHandler(w.Lines(), nil)).Info("x", "key", "a"+secret)
		}, 1},
		{"an address in a log line", func(w *telemetrytest.Watch) { slog.New(slog.NewJSONHandler(w.Lines(), nil)).Info(person) }, 1},
		{"a secret in an answer", func(w *telemetrytest.Watch) { w.Check(telemetrytest.Answer, []byte(secret)) }, 1},
		{"an address in an answer", func(w *telemetrytest.Watch) { w.Check(telemetrytest.Answer, []byte(person)) }, 0},
		{"neither a secret nor an address", func(w *telemetrytest.Watch) { w.Check(telemetrytest.Log, []byte("5 @ 3.50 sword")) }, 0},
		{"a secret on a span, an address on a metric", func(w *telemetrytest.Watch) { export(t, w, secret, person) }, 2},
		{"a secret on a span that is not exported, an address on its event", func(w *telemetrytest.Watch) {
			_, span := sdktrace.NewTracerProvider(sdktrace.WithSyncer(w.Exporter())).Tracer("").Start(t.Context(), "work")
			span.SetAttributes(attribute.String("what", secret))
			span.AddEvent("said", trace.WithAttributes(attribute.String("what", person)))
			span.End()
		}, 2},
		{"neither on a span nor a metric", func(w *telemetrytest.Watch) { export(t, w, "s", "m") }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w telemetrytest.Watch
			w.Keep("another secret", secret)
			c.tell(&w)
			if got := w.Leaks(); len(got) != c.want {
				t.Errorf("leaks = %q, want %d", got, c.want)
			}
		})
	}
}

func export(t *testing.T, w *telemetrytest.Watch, onSpan, onMetric string) {
	collector := w.Collector()
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	tel, err := telemetry.Setup(t.Context(), telemetry.Config{Logger: slog.New(slog.DiscardHandler), Env: func(name string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, span := tel.Tracer().Start(t.Context(), "work", trace.WithAttributes(attribute.String("what", onSpan)))
	span.End()
	count, _ := tel.Meter().Int64Counter("things")
	count.Add(t.Context(), 1, metric.WithAttributes(attribute.String("what", onMetric)))
	if err := tel.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
}

type tests int

func (code tests) Run() int { return int(code) }

func TestWrap(t *testing.T) {
	var w telemetrytest.Watch
	if got := w.Wrap(tests(0)).Run(); got != 0 {
		t.Errorf("code without a leak = %d, want 0", got)
	}
	if got := w.Wrap(tests(2)).Run(); got != 2 {
		t.Errorf("code of tests that fail = %d, want theirs, 2", got)
	}
	w.Check(telemetrytest.Log, []byte("ada@lovelace.example"))
	if got := w.Wrap(tests(0)).Run(); got != 1 {
		t.Errorf("code with a leak = %d, want 1", got)
	}
}
