package upstream

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tributary/cache"
)

// longest bounds every time that a header names: "until the year 9999" must
// not run over when something is added to it.
const longest = (1<<31 - 1) * time.Second

// maxRetryAfter caps how long a Retry-After is obeyed: a slip of a few zeros
// must not switch an upstream off for a day.
const maxRetryAfter = 5 * time.Minute

// retryAfter is the wait that a Retry-After asks for, in seconds or as a date
// (RFC 9110 §10.2.3); 0 when there is none, or none that can be read.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if at, err := http.ParseTime(v); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return min(deltaSeconds(v), maxRetryAfter)
}

// lifetime is what an answer's headers say about its reuse: its freshness
// lifetime (RFC 9111 §4.2.1, as a shared cache reads it) less its Age, and the
// directives of §5.2.2 that we follow.
func lifetime(h http.Header, now time.Time) (p cache.ProviderLifetime) {
	directives := cacheControl(h)
	has := func(name string) bool {
		fields, ok := directives[name]
		return ok && fields == "" // with field names it is about those fields alone
	}
	_, p.NoStore = directives["no-store"]
	_, p.Private = directives["private"]
	p.NoCache = has("no-cache")
	_, must := directives["must-revalidate"]
	_, proxy := directives["proxy-revalidate"]
	p.MustRevalidate = must || proxy
	age := deltaSeconds(h.Get("Age"))
	for _, name := range []string{"s-maxage", "max-age"} {
		if v, ok := directives[name]; ok {
			p.For, p.Given = max(0, deltaSeconds(v)-age), true
			return p
		}
	}
	if expires := h.Get("Expires"); expires != "" {
		p.Given = true // "0" and other non-dates mean: expired already
		if at, err := http.ParseTime(expires); err == nil {
			from := now
			if date, err := http.ParseTime(h.Get("Date")); err == nil {
				from = date // its clock, not ours
			}
			p.For = max(0, min(max(0, at.Sub(from)), longest)-age)
		}
	}
	return p
}

// minAge: a caller's no-cache does not revalidate entries younger than this, so
// that callers cannot use up an upstream's quota.
const minAge = 30 * time.Second

// WishOf is what a caller's Cache-Control wishes (RFC 9111 §5.2.1): no-cache and
// max-age ask again for what is older, but not for what is younger than half a
// minute; only-if-cached asks nobody.
func WishOf(h http.Header) (w Wish) {
	directives := cacheControl(h)
	if v, ok := directives["max-age"]; ok {
		w.MaxAge = max(minAge, deltaSeconds(v))
	}
	if _, ok := directives["no-cache"]; ok {
		w.MaxAge = minAge
	}
	_, w.OnlyCached = directives["only-if-cached"]
	return w
}

// cacheControl splits Cache-Control into its directives, names in lower case.
func cacheControl(h http.Header) map[string]string {
	var directives map[string]string
	for _, line := range h.Values("Cache-Control") {
		for part := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if name == "" {
				continue
			}
			if directives == nil {
				directives = make(map[string]string)
			}
			directives[strings.ToLower(name)] = strings.Trim(value, `"`)
		}
	}
	return directives
}

// deltaSeconds reads delta-seconds (RFC 9111 §1.2.2): what is not a number is
// 0, what is too large is as large as can be.
func deltaSeconds(v string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 31)
	if errors.Is(err, strconv.ErrRange) {
		return longest
	}
	return time.Duration(n) * time.Second // 0 with any other error
}
