package telemetry

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Parent says how an incoming traceparent is used.
type Parent string

// Join continues the caller's trace with our own sampling decision, Trust also uses
// the caller's sampled flag, and Link starts a new trace with a link to the caller's.
const (
	Join  Parent = "join"
	Trust Parent = "trust"
	Link  Parent = "link"
)

// Server starts the SERVER span of a request by the HTTP conventions, and records the
// request's metrics. It must be the first middleware inside a chi router, because the
// route is known only after the handler. otelhttp does not learn the route there, and
// costs a third of the time of a cached answer.
func (t *Telemetry) Server(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if probe(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		ctx := r.Context()
		options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
		if r.Header.Get("Traceparent") != "" {
			// Baggage is not read: anybody can send it, and it would be propagated.
			ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
			if remote := trace.SpanContextFromContext(ctx); t.parent == Link && remote.IsValid() {
				options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: remote}))
			}
		}
		ctx, span := t.tracer.Start(ctx, r.Method, options...)
		defer span.End()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		s := &serving{telemetry: t, span: span, start: time.Now(), w: ww, r: r}
		s.ctx = context.WithValue(ctx, servingKey{}, s)
		next.ServeHTTP(ww, r.WithContext(s.ctx))
		s.record()
	})
}

// serving is a request that is being served.
type serving struct {
	telemetry *Telemetry
	ctx       context.Context
	span      trace.Span
	start     time.Time
	w         middleware.WrapResponseWriter
	r         *http.Request
	recorded  bool
}

type servingKey struct{}

// Began ends the span of a request and records its duration. A handler calls it when
// the first part of its answer is written and the rest will follow over hours: what
// counts is how long the client waited, and a span is exported only when it ends.
func Began(ctx context.Context) {
	if s, ok := ctx.Value(servingKey{}).(*serving); ok {
		s.record()
		s.span.End()
	}
}

// record records the request once. It runs on the request's goroutine.
func (s *serving) record() {
	if s.recorded {
		return
	}
	s.recorded = true
	what := served{
		method: method(s.r.Method),
		route:  Route(chi.RouteContext(s.r.Context())),
		status: cmp.Or(s.w.Status(), http.StatusOK),
	}
	s.telemetry.metrics.record(s.ctx, what, time.Since(s.start))
	if s.span.IsRecording() {
		describe(s.span, s.r, what, s.w.BytesWritten())
	}
}

func describe(span trace.Span, r *http.Request, what served, size int) {
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(what.method),
		semconv.HTTPResponseStatusCode(what.status),
		semconv.HTTPResponseBodySize(size),
	}
	if what.status < 400 {
		// The query is never recorded, nor the path of an unknown route, which may contain a
		// person's name instead of an id.
		attrs = append(attrs, semconv.URLPath(r.URL.Path))
	}
	name := what.method
	if what.route != "" {
		name += " " + what.route
		attrs = append(attrs, semconv.HTTPRoute(what.route))
	}
	if what.status >= 500 {
		attrs = append(attrs, semconv.ErrorTypeKey.String(strconv.Itoa(what.status)))
		span.SetStatus(codes.Error, "")
	}
	span.SetName(name)
	span.SetAttributes(attrs...)
}

// Route returns the pattern that a request matched, or "". It is complete only after
// the handler has returned.
func Route(c *chi.Context) string {
	if c == nil {
		return ""
	}
	return c.RoutePattern()
}

// method returns a known method or _OTHER, so that callers cannot invent span names.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return m
	}
	return "_OTHER"
}

// probe reports whether a path is a health check, which is neither traced nor logged.
func probe(path string) bool { return path == "/livez" || path == "/readyz" }
