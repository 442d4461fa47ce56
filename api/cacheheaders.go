package api

import (
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// setHeaders sets the headers of an answer that say what it is and how it was made, and
// returns its entity tag. The values are parts of one string and of one array: they are
// set for every answer, and each alone would be two allocations. The slices have no spare
// capacity, so that appending to one does not overwrite the next.
func setHeaders(h http.Header, a reply, degraded bool, now time.Time, sc trace.SpanContext) (etag string) {
	var room [512]byte
	b := appendEntityTag(room[:0], a.tag, degraded, a.sources)
	first := len(b)
	b = appendCacheControl(b, a, now)
	second := len(b)
	b = appendCacheStatus(b, a.sources, now)
	third := len(b)
	text := string(appendServerTiming(b, sc, a.sources))
	values := &[...]string{text[:first], text[first:second], text[second:third], text[third:]}
	h["Etag"], h["Cache-Control"], h["Cache-Status"] = values[0:1:1], values[1:2:2], values[2:3:3]
	if values[3] != "" {
		h["Server-Timing"] = values[3:4:4]
	}
	return values[0]
}

// entityTag is weak: answers with the same data, status and degraded sources are
// equivalent, though their ages and trace ids differ.
func entityTag(data string, degraded bool, sources []aggregate.Outcome) string {
	return string(appendEntityTag(nil, data, degraded, sources))
}

func appendEntityTag(b []byte, data string, degraded bool, sources []aggregate.Outcome) []byte {
	b = append(b, `W/"`...)
	b = append(b, data...)
	if degraded {
		sum := fnv.New32a()
		hashDegraded(sum, "", sources)
		b = append(b, '-')
		b = strconv.AppendUint(b, uint64(sum.Sum32()), 16)
	}
	return append(b, '"')
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

// appendCacheControl derives max-age from the part that expires first.
func appendCacheControl(b []byte, a reply, now time.Time) []byte {
	if a.personal {
		return append(b, personal...)
	}
	left, troubled := lifetime(a.sources, now)
	if !a.until.IsZero() {
		left = min(left, max(0, int64(a.until.Sub(now)/time.Second)))
	}
	return appendFreshness(b, a.public, left, !troubled && a.until.IsZero()) // the extra times could outlast the token
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

// appendFreshness appends a Cache-Control with max-age. With extended, a cache may serve
// the answer a little longer while it asks again.
func appendFreshness(b []byte, public bool, left int64, extended bool) []byte {
	if public {
		b = append(b, "public, max-age="...)
	} else {
		b = append(b, "private, max-age="...)
	}
	b = strconv.AppendInt(b, left, 10)
	if extended {
		b = append(b, ", stale-while-revalidate=60, stale-if-error=86400"...)
	}
	return b
}

// cacheStatus is appendCacheStatus alone.
func cacheStatus(sources []aggregate.Outcome, now time.Time) string {
	return string(appendCacheStatus(nil, sources, now))
}

// appendCacheStatus appends Cache-Status (RFC 9211). Tributary is one cache, so there is one
// member for all sources: a hit if no source was called, else the reason why one
// was.
func appendCacheStatus(b []byte, sources []aggregate.Outcome, now time.Time) []byte {
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
	b = append(b, "tributary; "...)
	if ttl == math.MaxInt64 {
		ttl = 0 // nothing that has an end
	}
	if forward == upstream.NotForwarded {
		b = append(b, "hit; ttl="...)
		return strconv.AppendInt(b, int64(math.Floor(ttl.Seconds())), 10)
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
	return b
}
