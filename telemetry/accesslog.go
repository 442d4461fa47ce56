package telemetry

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/trace"
)

// AccessLog logs one line for each request, with the attributes that extra appends. A
// server error is a warning.
func AccessLog(log *slog.Logger, extra func(*http.Request, []slog.Attr) []slog.Attr) func(http.Handler) http.Handler {
	own, _ := log.Handler().(traced)
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
			l := accessLines.Get().(*accessLine)
			defer accessLines.Put(l)
			l.attrs = extra(r, append(l.attrs[:0],
				slog.String("method", method(r.Method)),
				slog.String("route", Route(chi.RouteContext(r.Context()))), // never the raw query
				slog.Int("status", answer.status),
				slog.Int("bytes", answer.bytes),
				slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1e3),
			))
			level := slog.LevelInfo
			if answer.status >= http.StatusInternalServerError {
				level = slog.LevelWarn
			}
			if own.lines != nil && log.Enabled(r.Context(), level) && l.encode(r.Context(), level) {
				_, _ = own.lines.Write(l.text) // slog does not report it either
				return
			}
			log.LogAttrs(r.Context(), level, "request", l.attrs...)
		})
	}
}

// accessLine is a line of the access log. It is written without slog's handler, which
// takes longer than all else that is done for an answer from the cache.
type accessLine struct {
	attrs []slog.Attr
	text  []byte
}

var accessLines = sync.Pool{New: func() any { return new(accessLine) }}

// encode makes the text that slog's JSON handler would write, followed by the trace's
// ids. It is false if there is something in the attributes that only slog can write.
func (l *accessLine) encode(ctx context.Context, level slog.Level) bool {
	b := append(l.text[:0], `{"time":"`...)
	b = time.Now().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","level":"`...)
	b = append(b, level.String()...)
	b = append(b, `","msg":"request"`...)
	for i := range l.attrs {
		var ok bool
		if b, ok = appendPlain(b, &l.attrs[i]); !ok {
			return false
		}
	}
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		traceID, spanID := sc.TraceID(), sc.SpanID()
		b = append(b, `,"trace_id":"`...)
		b = hex.AppendEncode(b, traceID[:])
		b = append(b, `","span_id":"`...)
		b = hex.AppendEncode(b, spanID[:])
		b = append(b, '"')
	}
	l.text = append(b, "}\n"...)
	return true
}

// appendPlain appends a number, a boolean or a text without characters to escape.
func appendPlain(b []byte, a *slog.Attr) (_ []byte, ok bool) {
	b = append(b, ',', '"')
	b = append(b, a.Key...)
	b = append(b, '"', ':')
	switch a.Value.Kind() {
	case slog.KindString:
		text := a.Value.String()
		for i := range len(text) {
			if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
				return b, false
			}
		}
		b = append(b, '"')
		b = append(b, text...)
		b = append(b, '"')
	case slog.KindInt64:
		b = strconv.AppendInt(b, a.Value.Int64(), 10)
	case slog.KindBool:
		b = strconv.AppendBool(b, a.Value.Bool())
	case slog.KindFloat64:
		f := a.Value.Float64()
		if f != 0 && !(f >= 1e-6 && f < 1e21) { // JSON writes these with an exponent, or not at all
			return b, false
		}
		b = strconv.AppendFloat(b, f, 'f', -1, 64)
	default:
		return b, false
	}
	return b, true
}
