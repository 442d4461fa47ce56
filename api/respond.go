package api

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
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
	until    time.Time   // when the caller's token expires, and with it the answer; zero: it has no such end
	public   bool        // shared caches may store it
	personal bool        // caches must revalidate it before every use
}

// respond writes an aggregate in its envelope. data is encoded once and cached; meta
// differs with every request. meta is written without encoding/json, which would take a
// third of the time of an answer from the cache.
func (s *server) respond(w http.ResponseWriter, r *http.Request, a reply) error {
	degraded := a.degraded()
	s.countAnswer(r.Context(), degraded)
	recordAnswer(r, degraded, a.sources)
	span := trace.SpanFromContext(r.Context())
	if span.IsRecording() {
		describe(span, a.sources, degraded)
	}
	h := w.Header()
	etag := setHeaders(h, a, degraded, time.Now(), span.SpanContext())
	if !a.public {
		addVary(h, "Authorization, X-API-Key")
	}
	if matches(r.Header["If-None-Match"], etag) {
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

// bodies are buffers for bodies of answers.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled is the size up to which a buffer is kept for the next answer.
const maxPooled = 64 << 10

// envelope writes the status line, headers, data and meta. The buffer can be reused
// after that, because an http.ResponseWriter must not keep what it is given.
func (s *server) envelope(w http.ResponseWriter, r *http.Request, code int, status string, a reply) {
	buffer := bodies.Get().(*bytes.Buffer)
	buffer.Reset()
	body := appendAnswer(buffer.AvailableBuffer(), status, a, trace.SpanContextFromContext(r.Context()))
	buffer.Write(append(body, '\n')) // copies nothing, unless the body has outgrown the buffer
	writeBody(w, code, buffer.Bytes())
	if buffer.Cap() <= maxPooled {
		bodies.Put(buffer)
	}
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
		id := sc.TraceID()
		b = hex.AppendEncode(b, id[:])
		b = append(b, '"')
	}
	return append(b, "}}"...)
}

// jsonType is the Content-Type of all answers. They share the slice, and appending to it
// copies it, because it has no spare capacity.
var jsonType = []string{"application/json"}

// writeBody writes the status line, headers and a body of JSON.
func writeBody(w http.ResponseWriter, code int, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
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
