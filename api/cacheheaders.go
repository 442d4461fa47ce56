package api

import (
	"hash/fnv"
	"io"
	"math"
	"strconv"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

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
