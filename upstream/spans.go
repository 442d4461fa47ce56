package upstream

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"tributary/cache"
	"tributary/telemetry"
	"tributary/telemetry/story"
)

const (
	sourceName = telemetry.SourceName
	batchSize  = attribute.Key("tributary.batch.size") // questions
)

// startRefresh opens the span of a background refresh, in a trace of its own.
func (s *Source[Q, A]) startRefresh(ctx context.Context) (context.Context, trace.Span) {
	s.tell(ctx, story.Step{What: story.Refresh})
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

// tell adds a step of the source to the story of a request.
func (s *Source[Q, A]) tell(ctx context.Context, step story.Step) {
	step.Source = s.spec.Name
	story.FromContext(ctx).Add(step)
}

// tellFallback reports that an old answer is served because of a failure, if it may be.
func (s *Source[Q, A]) tellFallback(ctx context.Context, old *cache.Entry, why *Error) {
	now := time.Now()
	if !s.servedOnError(old, why, now) {
		return
	}
	trace.SpanFromContext(ctx).AddEvent("fallback taken")
	s.tell(ctx, story.Step{What: story.Fallback, Code: string(why.Code), Took: old.Age(now)})
}

// describe puts an answer's provenance on its source's span. A missing value is an error
// there, an old one is not.
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
