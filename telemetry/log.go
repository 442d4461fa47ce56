package telemetry

import (
	"context"
	"io"
	"log/slog"
	"sync"

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
	if style == JSON {
		l := &lines{w: w}
		return slog.New(traced{slog.NewJSONHandler(l, &slog.HandlerOptions{Level: level}), l})
	}
	return slog.New(traced{Handler: tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: "15:04:05.000", NoColor: style == Text, ReplaceAttr: shortened})})
}

// lines writes one line of a log after the other.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(line)
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
type traced struct {
	slog.Handler
	lines *lines // of JSON without attributes of the logger; nil: others
}

func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		r.AddAttrs(slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traced{Handler: h.Handler.WithAttrs(attrs)}
}
func (h traced) WithGroup(name string) slog.Handler {
	return traced{Handler: h.Handler.WithGroup(name)}
}
