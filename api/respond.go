package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"tributary/upstream/aggregate"
)

// reply is the answer of an aggregate, ready to be written.
type reply struct {
	data    []byte // JSON, encoded when the values last changed
	tag     string // changes when data does
	sources []aggregate.Outcome

	header   http.Header // further headers; nil: none
	until    time.Time   // when it ends, because the caller's token does; zero: it has no such end
	public   bool        // shared caches may store it
	personal bool        // caches must revalidate it before every use
}

// respond writes an aggregate in its envelope. data is encoded once and cached;
// meta differs with every request. meta is appended by hand because encoding it
// would cost a third of the time of an answer from the cache.
func (s *server) respond(w http.ResponseWriter, r *http.Request, a reply) error {
	now := time.Now()
	degraded := a.degraded()
	s.countAnswer(r.Context(), degraded)
	recordAnswer(r, degraded, a.sources)
	span := trace.SpanFromContext(r.Context())
	if span.IsRecording() {
		describe(span, a.sources, degraded)
	}

	h := w.Header()
	etag := entityTag(a.tag, degraded, a.sources)
	h.Set("ETag", etag)
	h.Set("Cache-Control", cacheControl(a, now))
	h.Set("Cache-Status", cacheStatus(a.sources, now))
	if !a.public {
		h.Add("Vary", "Authorization, X-API-Key")
	}
	s.serverTiming(h, r, a.sources)
	if matches(r.Header.Values("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}

	s.envelope(w, r, http.StatusOK, statusOf(degraded), a)
	return nil
}

func (a reply) degraded() bool { return slices.ContainsFunc(a.sources, aggregate.Outcome.Degraded) }

// statusOf is meta.status.
func statusOf(degraded bool) string {
	if degraded {
		return "degraded"
	}
	return "complete"
}

// countAnswer counts an answer for the metrics and the log.
func (s *server) countAnswer(ctx context.Context, degraded bool) {
	if degraded {
		factsOf(ctx).degraded = true
	}
	s.metrics.countAnswer(ctx, degraded)
}

// envelope writes the status line, headers, data and meta.
func (s *server) envelope(w http.ResponseWriter, r *http.Request, code int, status string, a reply) {
	body := make([]byte, 0, len(a.data)+128+160*len(a.sources))
	body = appendAnswer(body, status, a, trace.SpanContextFromContext(r.Context()))
	writeBody(w, code, append(body, '\n'))
}

// appendAnswer appends data and meta in their envelope.
func appendAnswer(b []byte, status string, a reply, sc trace.SpanContext) []byte {
	b = append(b, `{"data":`...)
	b = append(b, a.data...)
	b = append(b, `,"meta":{"status":"`...)
	b = append(b, status...)
	b = append(b, `","sources":`...)
	b = appendSources(b, a.sources)
	if sc.IsValid() {
		b = append(b, `,"trace_id":"`...)
		b = append(b, sc.TraceID().String()...)
		b = append(b, '"')
	}
	return append(b, "}}"...)
}

// writeBody writes the status line, headers and a body of JSON.
func writeBody(w http.ResponseWriter, code int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // fails only when the client has disconnected
}

// writeJSON writes an answer without envelope.
func writeJSON(w http.ResponseWriter, status int, cacheControl string, v any) error {
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(v); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", cacheControl)
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
	return nil
}

// appendSources appends the sources member of meta or of a problem.
func appendSources(b []byte, sources []aggregate.Outcome) []byte {
	b = append(b, '[')
	for i, o := range sources {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":"`...)
		b = append(b, o.Name...)
		b = append(b, `","state":"`...)
		b = append(b, o.State...)
		b = append(b, '"')
		if o.Useful() {
			b = append(b, `,"age_seconds":`...)
			b = strconv.AppendInt(b, int64(o.Age/time.Second), 10)
		}
		b = append(b, `,"latency_ms":`...)
		b = strconv.AppendInt(b, o.Latency.Round(time.Millisecond).Milliseconds(), 10)
		b = append(b, `,"attempts":`...)
		b = strconv.AppendInt(b, int64(o.Attempts), 10)
		if o.Source != "" {
			b = append(b, `,"source":"`...)
			b = append(b, o.Source...)
			b = append(b, '"')
		}
		if o.Unused {
			b = append(b, `,"used":false`...)
		}
		if o.Err != nil {
			b = append(b, `,"error":{"code":"`...)
			b = append(b, o.Err.Code...)
			b = append(b, `","detail":`...)
			b = appendString(b, o.Err.Detail)
			b = append(b, '}')
		}
		if o.Attribution != "" {
			b = append(b, `,"attribution":`...)
			b = appendString(b, o.Attribution)
		}
		if len(o.Sources) > 0 {
			b = append(b, `,"sources":`...)
			b = appendSources(b, o.Sources)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendString(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil { // cannot happen: every string has a JSON form
		return append(b, `""`...)
	}
	return append(b, quoted...)
}

// serverTiming lists the duration of each source and the trace id for browsers.
func (s *server) serverTiming(h http.Header, r *http.Request, sources []aggregate.Outcome) {
	b := make([]byte, 0, 48*len(sources)+80)
	for _, o := range sources {
		b = append(b, o.Name...)
		b = append(b, ";dur="...)
		b = strconv.AppendFloat(b, float64(o.Latency.Microseconds())/1e3, 'f', 1, 64)
		b = append(b, `;desc="`...)
		b = append(b, o.State...)
		b = append(b, `", `...)
	}
	if sc := trace.SpanContextFromContext(r.Context()); sc.IsValid() {
		b = append(b, `trace;desc="00-`...)
		b = append(b, sc.TraceID().String()...)
		b = append(b, '-')
		b = append(b, sc.SpanID().String()...)
		b = append(b, '-')
		b = append(b, sc.TraceFlags().String()...)
		b = append(b, '"')
	}
	if timing := strings.TrimSuffix(string(b), ", "); timing != "" {
		h.Set("Server-Timing", timing)
	}
}

// describe puts the state of each source on the server span: a source that was
// answered from the cache has no span of its own.
func describe(span trace.Span, sources []aggregate.Outcome, degraded bool) {
	attrs := make([]attribute.KeyValue, 0, len(sources)+1)
	attrs = append(attrs, attribute.Bool("tributary.degraded", degraded))
	span.SetAttributes(appendStates(attrs, "tributary.source.", sources)...)
}

// appendStates appends the state of each source; a part's source is named
// "weather/metno".
func appendStates(attrs []attribute.KeyValue, prefix string, sources []aggregate.Outcome) []attribute.KeyValue {
	for _, o := range sources {
		attrs = append(attrs, attribute.String(prefix+o.Name, string(o.State)))
		attrs = appendStates(attrs, prefix+o.Name+"/", o.Sources)
	}
	return attrs
}
