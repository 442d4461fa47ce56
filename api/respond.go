package api

import (
	"bytes"
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

// reply is an answer of many sources, ready to be written.
type reply struct {
	data    []byte // JSON, encoded when its values last changed
	tag     string // changes with data
	sources []aggregate.Outcome

	public   bool // a shared cache may keep it
	personal bool // nobody may use it again without asking
}

// respond writes an aggregate in its envelope. data was encoded once; meta
// differs with every request and is appended by hand, which is a third of the
// cost of an answer from memory.
func (s *server) respond(w http.ResponseWriter, r *http.Request, a reply) error {
	now := time.Now()
	degraded := slices.ContainsFunc(a.sources, aggregate.Outcome.Degraded)
	status := "complete"
	if degraded {
		status = "degraded"
		factsOf(r.Context()).degraded = true
	}
	s.counts.answered(r.Context(), degraded)
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

	s.envelope(w, r, http.StatusOK, status, a)
	return nil
}

// envelope writes data and meta.
func (s *server) envelope(w http.ResponseWriter, r *http.Request, code int, status string, a reply) {
	body := make([]byte, 0, len(a.data)+64+160*len(a.sources))
	body = append(body, `{"data":`...)
	body = append(body, a.data...)
	body = append(body, `,"meta":{"status":"`...)
	body = append(body, status...)
	body = append(body, `","sources":`...)
	body = appendSources(body, a.sources)
	if sc := trace.SpanContextFromContext(r.Context()); sc.IsValid() {
		body = append(body, `,"trace_id":"`...)
		body = append(body, sc.TraceID().String()...)
		body = append(body, '"')
	}
	body = append(body, "}}\n"...)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // who hung up does not read it
}

// writeJSON writes what is no aggregate.
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

// appendSources appends meta.sources, or a problem's.
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
	if err != nil { // a string always has a JSON form
		return append(b, `""`...)
	}
	return append(b, quoted...)
}

// entityTag is weak: two answers with the same data, status and degraded
// sources mean the same, though their ages and trace ids differ.
func entityTag(data string, degraded bool, sources []aggregate.Outcome) string {
	if !degraded {
		return `W/"` + data + `"`
	}
	sum := fnv.New32a()
	hashDegraded(sum, "", sources)
	return `W/"` + data + "-" + strconv.FormatUint(uint64(sum.Sum32()), 16) + `"`
}

// hashDegraded adds the names of stale, failed and incomplete sources to a
// hash, those of a part as "weather/metno".
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

// troubledMaxAge is how long, in seconds, an answer may be kept that has an
// old or missing part: the next one is likely to be better.
const troubledMaxAge = 5

// personal is for answers about people: kept by their browser, and shown again
// only after asking.
const personal = "private, no-cache"

// cacheControl lets an answer live as long as the part of it that expires
// first.
func cacheControl(a reply, now time.Time) string {
	if a.personal {
		return personal
	}
	left, troubled := int64(math.MaxInt64), false
	for _, o := range a.sources {
		if o.State == upstream.Revalidating || o.Degraded() {
			troubled = true
			continue
		}
		left = min(left, max(0, int64(o.FreshUntil.Sub(now)/time.Second)))
	}
	if troubled {
		left = min(left, troubledMaxAge)
	}
	b := make([]byte, 0, 80)
	if a.public {
		b = append(b, "public, max-age="...)
	} else {
		b = append(b, "private, max-age="...)
	}
	b = strconv.AppendInt(b, left, 10)
	if !troubled {
		b = append(b, ", stale-while-revalidate=60, stale-if-error=86400"...)
	}
	return string(b)
}

// cacheStatus is Cache-Status (RFC 9211). We are one cache, so it has one member,
// whatever the number of sources: a hit when no source was asked, else why one
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
			if !o.FreshUntil.IsZero() { // a source that is shutting down was not asked either
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

// serverTiming shows a browser what each source took, and the trace to look for.
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

// describe puts the state of each source on the server span: sources that were
// asked have spans of their own, answers from memory have only this.
func describe(span trace.Span, sources []aggregate.Outcome, degraded bool) {
	attrs := make([]attribute.KeyValue, 0, len(sources)+1)
	attrs = append(attrs, attribute.Bool("tributary.degraded", degraded))
	span.SetAttributes(appendStates(attrs, "tributary.source.", sources)...)
}

// appendStates appends the states of sources, those of a part under its name as
// "weather/metno".
func appendStates(attrs []attribute.KeyValue, prefix string, sources []aggregate.Outcome) []attribute.KeyValue {
	for _, o := range sources {
		attrs = append(attrs, attribute.String(prefix+o.Name, string(o.State)))
		attrs = appendStates(attrs, prefix+o.Name+"/", o.Sources)
	}
	return attrs
}
