package api

import (
	"encoding/hex"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/trace"

	"tributary/upstream/aggregate"
)

// serverTiming lists the duration of each source and the trace id for browsers.
func (s *server) serverTiming(h http.Header, r *http.Request, sources []aggregate.Outcome) {
	if timing := string(appendServerTiming(nil, trace.SpanContextFromContext(r.Context()), sources)); timing != "" {
		h.Set("Server-Timing", timing)
	}
}

func appendServerTiming(b []byte, sc trace.SpanContext, sources []aggregate.Outcome) []byte {
	for i, o := range sources {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, o.Name...)
		b = append(b, ";dur="...)
		b = strconv.AppendFloat(b, float64(o.Latency.Microseconds())/1e3, 'f', 1, 64)
		b = append(b, `;desc="`...)
		b = append(b, o.State...)
		b = append(b, '"')
	}
	if !sc.IsValid() {
		return b
	}
	if len(sources) > 0 {
		b = append(b, ", "...)
	}
	traceID, spanID := sc.TraceID(), sc.SpanID()
	b = append(b, `trace;desc="00-`...)
	b = hex.AppendEncode(b, traceID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, spanID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, []byte{byte(sc.TraceFlags())})
	return append(b, '"')
}
