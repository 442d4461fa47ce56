package api

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// reply is the answer of an aggregate, ready to be written.
type reply struct {
	data    []byte // JSON, encoded when the values last changed
	tag     string // changes when data does
	sources []aggregate.Outcome

	until    time.Time // when it ends, because the caller's token does; zero: it has no such end
	public   bool      // shared caches may store it
	personal bool      // caches must revalidate it before every use
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

// entityTag is weak: answers with the same data, status and degraded sources are
// equivalent, though their ages and trace ids differ.
func entityTag(data string, degraded bool, sources []aggregate.Outcome) string {
	if !degraded {
		return `W/"` + data + `"`
	}
	sum := fnv.New32a()
	hashDegraded(sum, "", sources)
	return `W/"` + data + "-" + strconv.FormatUint(uint64(sum.Sum32()), 16) + `"`
}

// hashDegraded hashes the names of stale, failed and incomplete sources; a part's
// source is named "weather/metno".
func hashDegraded(sum io.Writer, prefix string, sources []aggregate.Outcome) {
	for _, o := range sources {
		switch {
		case o.State == upstream.Stale || o.State == upstream.Failed:
			_, _ = io.WriteString(sum, prefix+o.Name+" "+string(o.State)+"\n")
		case o.Incomplete():
			_, _ = io.WriteString(sum, prefix+o.Name+" incomplete\n")
		}
		hashDegraded(sum, prefix+o.Name+"/", o.Sources)
	}
}

// degradedMaxAge is the max-age, in seconds, of an answer with an old or missing
// part. It is short because the next answer is likely to be complete.
const degradedMaxAge = 5

// personal is the Cache-Control of personal data: stored by the caller's browser
// only, and revalidated before every use.
const personal = "private, no-cache"

// cacheControl derives max-age from the part that expires first.
func cacheControl(a reply, now time.Time) string {
	if a.personal {
		return personal
	}
	left, troubled := lifetime(a.sources, now)
	if !a.until.IsZero() {
		left = min(left, max(0, int64(a.until.Sub(now)/time.Second)))
	}
	return freshness(a.public, left, !troubled && a.until.IsZero()) // the longer times could go on after the end
}

// lifetime is the number of seconds until the first source expires. troubled: one is
// old, missing or being refreshed.
func lifetime(sources []aggregate.Outcome, now time.Time) (left int64, troubled bool) {
	left = math.MaxInt64
	for _, o := range sources {
		if o.State == upstream.Revalidating || o.Degraded() {
			troubled = true
			continue
		}
		if o.FreshUntil.IsZero() && o.Forward == upstream.NotForwarded {
			continue // there was nothing to ask
		}
		left = min(left, max(0, int64(o.FreshUntil.Sub(now)/time.Second)))
	}
	switch {
	case troubled:
		left = min(left, degradedMaxAge)
	case left == math.MaxInt64: // nothing was asked at all
		left = 0
	}
	return left, troubled
}

// freshness is a Cache-Control with max-age. With extended, a cache may serve the answer
// a little longer while it asks again.
func freshness(public bool, left int64, extended bool) string {
	b := make([]byte, 0, 80)
	if public {
		b = append(b, "public, max-age="...)
	} else {
		b = append(b, "private, max-age="...)
	}
	b = strconv.AppendInt(b, left, 10)
	if extended {
		b = append(b, ", stale-while-revalidate=60, stale-if-error=86400"...)
	}
	return string(b)
}

// cacheStatus is Cache-Status (RFC 9211). Tributary is one cache, so there is one
// member for all sources: a hit if no source was called, else the reason why one
// was.
func cacheStatus(sources []aggregate.Outcome, now time.Time) string {
	var (
		forward           upstream.Forward
		stored, collapsed bool
		status            int
		detail            string
		ttl               = time.Duration(math.MaxInt64)
	)
	for _, o := range sources {
		if o.State == upstream.Failed || o.State == upstream.Stale {
			detail = "stale-if-error"
			if o.State == upstream.Failed && o.Err != nil {
				detail = string(o.Err.Code)
			}
		}
		if o.Forward == upstream.NotForwarded {
			if !o.FreshUntil.IsZero() { // zero for a source that was not called because of a shutdown
				ttl = min(ttl, o.FreshUntil.Sub(now))
			}
			continue
		}
		forward = max(forward, o.Forward)
		stored = stored || o.Stored
		collapsed = collapsed || o.Collapsed
		status = max(status, o.FwdStatus)
	}
	b := make([]byte, 0, 80)
	b = append(b, "tributary; "...)
	if forward == upstream.NotForwarded {
		b = append(b, "hit; ttl="...)
		return string(strconv.AppendInt(b, int64(math.Floor(ttl.Seconds())), 10))
	}
	b = append(b, "fwd="...)
	b = append(b, forward.String()...)
	if status > 0 {
		b = append(b, "; fwd-status="...)
		b = strconv.AppendInt(b, int64(status), 10)
	}
	if stored {
		b = append(b, "; stored"...)
	}
	if collapsed {
		b = append(b, "; collapsed"...)
	}
	if detail != "" {
		b = append(b, "; detail="...)
		b = append(b, detail...)
	}
	return string(b)
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
