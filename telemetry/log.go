package telemetry

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/lmittmann/tint"
	"go.opentelemetry.io/otel/trace"
)

// LogStyle is the format of a log.
type LogStyle int

// JSON is for programs. Text has short lines for people, and Colored is Text with
// colours for levels and errors.
const (
	JSON LogStyle = iota
	Text
	Colored
)

// NewLogger returns a logger that writes to w. A line logged with a context gets its
// trace and span ids.
func NewLogger(w io.Writer, level slog.Level, style LogStyle) *slog.Logger {
	var h slog.Handler = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	if style != JSON {
		h = tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: "15:04:05.000", NoColor: style == Text, ReplaceAttr: shortened})
	}
	return slog.New(traced{h})
}

// shortened removes attributes that people seldom need; they can be found with the
// trace_id.
func shortened(groups []string, a slog.Attr) slog.Attr {
	const brightRed = 9
	switch {
	case len(groups) > 0:
	case a.Key == "span_id" || a.Key == "request_id" || a.Key == "bytes" || a.Equal(slog.Bool("degraded", false)):
		return slog.Attr{}
	case a.Key == "error":
		return tint.Attr(brightRed, a)
	}
	return a
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

// AccessLog logs one line for each request, with the attributes of extra. A server error
// is a warning.
func AccessLog(log *slog.Logger, extra func(*http.Request) []slog.Attr) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if probe(r.URL.Path) || !log.Enabled(r.Context(), slog.LevelWarn) {
				next.ServeHTTP(w, r)
				return
			}
			start := time.Now()
			answer, ok := w.(*writer)
			if !ok {
				answer = &writer{ResponseWriter: w}
			}
			next.ServeHTTP(answer, r)
			attrs := []slog.Attr{
				slog.String("method", method(r.Method)),
				slog.String("route", Route(chi.RouteContext(r.Context()))), // never the raw query
				slog.Int("status", answer.status),
				slog.Int("bytes", answer.bytes),
				slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1e3),
			}
			level := slog.LevelInfo
			if answer.status >= http.StatusInternalServerError {
				level = slog.LevelWarn
			}
			log.LogAttrs(r.Context(), level, "request", append(attrs, extra(r)...)...)
		})
	}
}
