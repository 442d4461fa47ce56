package telemetry

import (
	"cmp"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"tributary/telemetry/story"
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

// Serving is a request that is being served, and the context of its handlers. It has the
// span, the story and chi's routing in one value: each of them would otherwise need a
// context of its own, and a copy of the request. The zero value is ready for Serve.
type Serving struct {
	context.Context // has the span

	telemetry *Telemetry // nil: a health check, which is not recorded
	span      trace.Span
	start     time.Time
	writer    writer
	method    string // a known one
	path      string
	story     *story.Story
	recorded  bool

	routing  *chi.Context
	own      chi.Context // the routing, unless a router has begun before
	patterns [2]string   // room for the patterns of own
}

type servingKey struct{}

// Value implements context.Context.
func (s *Serving) Value(key any) any {
	switch key {
	case chi.RouteCtxKey: // a router that finds its key makes no context
		return s.routing
	case servingKey{}:
		return s
	case story.ContextKey{}:
		return s.story
	}
	return s.Context.Value(key)
}

// Server is Serve as a middleware.
func (t *Telemetry) Server(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := new(Serving)
		t.Serve(s, s, next, w, r)
	})
}

// Serve serves a request with ctx, which is s or what s is embedded in. It starts the
// SERVER span of a request by the HTTP conventions and its story, and records the
// request's metrics. It is around the router or its first middleware, because the route is
// known only after the handler. otelhttp does not learn the route there, and costs a third
// of the time of a cached answer.
func (t *Telemetry) Serve(ctx context.Context, s *Serving, next http.Handler, w http.ResponseWriter, r *http.Request) {
	s.Context = r.Context()
	if s.routing = chi.RouteContext(s.Context); s.routing == nil {
		s.own.RoutePatterns = s.patterns[:0]
		s.routing = &s.own
	}
	if probe(r.URL.Path) {
		next.ServeHTTP(w, r.WithContext(ctx))
		return
	}
	s.telemetry, s.start, s.method, s.path = t, time.Now(), method(r.Method), r.URL.Path
	s.Context, s.span = t.startSpan(r)
	defer s.span.End()
	active := t.metrics.active.of(s.method)
	active.Add(1)
	defer active.Add(-1) // also when the handler panics
	s.story = t.stories.New(s.span.SpanContext().TraceID(), s.method)
	s.writer.ResponseWriter = w
	next.ServeHTTP(&s.writer, r.WithContext(ctx))
	s.record()
	s.writer.ResponseWriter = nil // a fetch that goes on has the context, and not the connection
}

// serverSpan is a variable so that the options are made once.
var serverSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}

// startSpan starts the span of a request, in the trace of a traceparent if that is used.
func (t *Telemetry) startSpan(r *http.Request) (context.Context, trace.Span) {
	ctx, options := r.Context(), serverSpan
	if r.Header.Get("Traceparent") != "" {
		// Baggage is not read: anybody can send it, and it would be propagated.
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
		if remote := trace.SpanContextFromContext(ctx); t.parent == Link && remote.IsValid() {
			options = append(slices.Clip(options), trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: remote}))
		}
	}
	return t.tracer.Start(ctx, r.Method, options...)
}

// TraceIDOf returns a trace id for the answer to a request that gets no span: the caller's if
// its traceparent is continued, else a new one, which no trace has.
func (t *Telemetry) TraceIDOf(r *http.Request) (id trace.TraceID) {
	if t.parent != Link && r.Header.Get("Traceparent") != "" {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		id = trace.SpanContextFromContext(ctx).TraceID()
	}
	if !id.IsValid() {
		binary.BigEndian.PutUint64(id[:8], rand.Uint64())
		binary.BigEndian.PutUint64(id[8:], rand.Uint64()|1) // never all zeros, which is no id
	}
	return id
}

// Began ends the span of a request and records its duration. A handler calls it when
// the first part of its answer is written and the rest will follow over hours: what
// counts is how long the client waited, and a span is exported only when it ends.
func Began(ctx context.Context) {
	if s, ok := ctx.Value(servingKey{}).(*Serving); ok && s.telemetry != nil {
		s.record()
		s.span.End()
	}
}

// record records the request once. It runs on the request's goroutine.
func (s *Serving) record() {
	if s.recorded {
		return
	}
	s.recorded = true
	what := served{method: s.method, route: Route(s.routing), status: cmp.Or(s.writer.status, http.StatusOK)}
	took := time.Since(s.start)
	s.telemetry.metrics.record(s.Context, what, took)
	s.story.End(what.route, what.status, took)
	if s.span.IsRecording() {
		describe(s.span, s.path, what, s.writer.bytes)
	}
}

func describe(span trace.Span, path string, what served, size int) {
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(what.method),
		semconv.HTTPResponseStatusCode(what.status),
		semconv.HTTPResponseBodySize(size),
	}
	if what.status < 400 {
		// The query is never recorded, nor the path of an unknown route, which may contain a
		// person's name instead of an id.
		attrs = append(attrs, semconv.URLPath(path))
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
	if slices.Contains(methods[:], m) {
		return m
	}
	return "_OTHER"
}

// probe reports whether a path is a health check, which is neither traced nor logged.
func probe(path string) bool { return path == "/livez" || path == "/readyz" }
