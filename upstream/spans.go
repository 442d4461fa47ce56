package upstream

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const sourceName = attribute.Key("tributary.source.name")

// startAttempt opens the CLIENT span of one request, by the conventions for
// HTTP, and sends its context along where that is wanted. r has no credentials
// yet, so its URL may be shown.
func (u *Upstream) startAttempt(ctx context.Context, r *http.Request, a *attempt) (context.Context, trace.Span) {
	ctx, span := u.tracer.Start(ctx, r.Method+" "+a.route, trace.WithSpanKind(trace.SpanKindClient))
	if span.IsRecording() {
		span.SetAttributes(
			semconv.HTTPRequestMethodKey.String(r.Method),
			semconv.URLTemplate(a.route),
			semconv.ServerAddress(r.URL.Hostname()),
			semconv.ServerPort(port(r.URL)),
			sourceName.String(u.name),
		)
		if !a.private {
			span.SetAttributes(semconv.URLFull(r.URL.String()))
		}
		if a.retries > 0 {
			span.SetAttributes(semconv.HTTPRequestResendCount(a.retries))
		}
		if a.hedge {
			span.SetAttributes(attribute.Bool("tributary.hedge", true))
		}
	}
	if u.propagate {
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
		r.Header.Del("Tracestate") // whatever the caller's vendors keep there is not for third parties
	}
	return ctx, span
}

func port(u *url.URL) int {
	if p, err := strconv.Atoi(u.Port()); err == nil {
		return p
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// endAttempt records how the exchange ended. An attempt that was cancelled on
// purpose, a hedge that lost, is no error.
func endAttempt(ctx context.Context, span trace.Span, r Response, e *Error) {
	if !span.IsRecording() {
		return
	}
	if r.Status != 0 {
		span.SetAttributes(semconv.HTTPResponseStatusCode(r.Status))
	}
	if e == nil || e.Code == CodeCanceled && ctx.Err() != nil {
		return
	}
	span.SetAttributes(semconv.ErrorTypeKey.String(errorType(e.Code, r.Status)))
	span.SetStatus(codes.Error, e.Detail)
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
