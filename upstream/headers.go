package upstream

import (
	"net/http"
	"strings"
	"time"

	"tributary/cache"
	"tributary/upstream/call"
)

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
	age := call.DeltaSeconds(h.Get("Age"))
	for _, name := range []string{"s-maxage", "max-age"} {
		if v, ok := directives[name]; ok {
			p.For, p.Given = max(0, call.DeltaSeconds(v)-age), true
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
			p.For = max(0, min(max(0, at.Sub(from)), call.MaxDelta)-age)
		}
	}
	return p
}

// minAge: a caller's no-cache does not revalidate entries younger than this, so
// that callers cannot use up an upstream's quota.
const minAge = 30 * time.Second

// ParseDirectives reads a request's Cache-Control (RFC 9111 §5.2.1): no-cache and
// max-age ask again for what is older, but not for what is younger than minAge.
func ParseDirectives(h http.Header) (d Directives) {
	directives := cacheControl(h)
	if v, ok := directives["max-age"]; ok {
		d.MaxAge = max(minAge, call.DeltaSeconds(v))
	}
	if _, ok := directives["no-cache"]; ok {
		d.MaxAge = minAge
	}
	_, d.OnlyIfCached = directives["only-if-cached"]
	return d
}

// cacheControl splits Cache-Control into its directives, names in lower case. Of a
// directive that is given twice the first counts (RFC 9111 §4.2.1), unless the other has
// no value: a no-cache is then about the whole answer.
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
			name, value = strings.ToLower(name), strings.Trim(value, `"`)
			if _, twice := directives[name]; !twice || value == "" {
				directives[name] = value
			}
		}
	}
	return directives
}
