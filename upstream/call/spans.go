package call

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

	"tributary/telemetry"
)

// startSpan starts the CLIENT span of one request, by the semantic conventions for
// HTTP, and adds traceparent if Propagate says so. r has no credentials yet, so its URL
// may be recorded.
func (a *attempt) startSpan(ctx context.Context, r *http.Request) (context.Context, trace.Span) {
	ctx, span := a.client.tracer.Start(ctx, r.Method+" "+a.Route, trace.WithSpanKind(trace.SpanKindClient))
	if span.IsRecording() {
		span.SetAttributes(
			semconv.HTTPRequestMethodKey.String(r.Method),
			semconv.URLTemplate(a.Route),
			semconv.ServerAddress(r.URL.Hostname()),
			semconv.ServerPort(port(r.URL)),
			telemetry.SourceName.String(a.client.name),
		)
		if !a.Private {
			span.SetAttributes(semconv.URLFull(r.URL.String()))
		}
		if a.retries > 0 {
			span.SetAttributes(semconv.HTTPRequestResendCount(a.retries))
		}
		if a.hedge {
			span.SetAttributes(attribute.Bool("tributary.hedge", true))
		}
	}
	if a.client.propagate {
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
		r.Header.Del("Tracestate") // it is for the caller's tracing systems, not for third parties
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

// endSpan records how the request ended. A request that was canceled on purpose, such as
// a hedge that was too late, is no error.
func endSpan(ctx context.Context, span trace.Span, r Response, f *failure) {
	if !span.IsRecording() {
		return
	}
	if r.Status != 0 {
		span.SetAttributes(semconv.HTTPResponseStatusCode(r.Status))
	}
	if f == nil || f.Code == CodeCanceled && ctx.Err() != nil {
		return
	}
	span.SetAttributes(semconv.ErrorTypeKey.String(errorType(f.Code, r.Status)))
	span.SetStatus(codes.Error, f.Detail)
}
