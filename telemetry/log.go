package telemetry

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"go.opentelemetry.io/otel/trace"
)

// NewLogger writes to w, as JSON or, for people, as text. A line that is
// logged with a context names the trace it belongs to.
func NewLogger(w io.Writer, level slog.Level, text bool) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewJSONHandler(w, options)
	if text {
		h = slog.NewTextHandler(w, options)
	}
	return slog.New(traced{h})
}

// traced adds trace_id and span_id.
type traced struct{ slog.Handler }

func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		r.AddAttrs(slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(attrs)} }
func (h traced) WithGroup(name string) slog.Handler       { return traced{h.Handler.WithGroup(name)} }

// AccessLog writes one line a request. extra adds what the handler knows of it.
func AccessLog(log *slog.Logger, extra func(*http.Request) []slog.Attr) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if probe(r.URL.Path) || !log.Enabled(r.Context(), slog.LevelInfo) {
				next.ServeHTTP(w, r)
				return
			}
			start := time.Now()
			ww, ok := w.(middleware.WrapResponseWriter)
			if !ok {
				ww = middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			}
			next.ServeHTTP(ww, r)
			attrs := []slog.Attr{
				slog.String("method", method(r.Method)),
				slog.String("route", Route(chi.RouteContext(r.Context()))), // never the raw query
				slog.Int("status", ww.Status()),
				slog.Int("bytes", ww.BytesWritten()),
				slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1e3),
			}
			log.LogAttrs(r.Context(), slog.LevelInfo, "request", append(attrs, extra(r)...)...)
		})
	}
}
