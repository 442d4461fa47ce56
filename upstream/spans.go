package upstream

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"tributary/telemetry"
)

const sourceName = telemetry.SourceName

// describe puts an answer's provenance on its source's span. A value that is
// old is no error; that there is none is.
func describe(span trace.Span, p Provenance) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.String("tributary.source.state", string(p.State)),
		attribute.Float64("tributary.source.age_seconds", p.Age.Seconds()),
		attribute.Int("tributary.source.attempts", p.Attempts),
	)
	if p.Err != nil {
		span.SetAttributes(semconv.ErrorTypeKey.String(string(p.Err.Code)))
		if p.State == Failed {
			span.SetStatus(codes.Error, p.Err.Detail)
		}
	}
}
