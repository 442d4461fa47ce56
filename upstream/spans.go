package upstream

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"tributary/telemetry"
)

const (
	sourceName = telemetry.SourceName
	batchSize  = attribute.Key("tributary.batch.size") // questions
)

// startRefresh opens the span of a background refresh, in a trace of its own.
func (s *Source[Q, A]) startRefresh(ctx context.Context) (context.Context, trace.Span) {
	return s.up.tracer.Start(ctx, "refresh "+s.spec.Name,
		trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)),
		trace.WithAttributes(sourceName.String(s.spec.Name), attribute.Bool("tributary.refresh", true)))
}

// startSpan opens the span of one request's questions to a batch.
func (b *Batch[Q, A]) startSpan(ctx context.Context, questions int) (context.Context, trace.Span) {
	return b.source.up.tracer.Start(ctx, b.Name(),
		trace.WithAttributes(sourceName.String(b.Name()), batchSize.Int(questions)))
}

// endSpan puts on the span of calls what became of their fetches, and ends it.
func (b *Batch[Q, A]) endSpan(span trace.Span, calls []*batchCall[Q]) {
	now := time.Now()
	var answers []Answer[A]
	for _, one := range calls {
		for _, c := range one.fetches {
			a := b.source.fetched(c.f, now)
			a.Attempts = c.f.sent()
			answers = append(answers, a)
		}
	}
	span.SetAttributes(batchSize.Int(len(answers)))
	describe(span, Batched(answers))
	span.End()
}

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
