package call

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxDelta bounds each time from a header, so that sums with it do not overflow.
const MaxDelta = (1<<31 - 1) * time.Second

// maxRetryAfter is the longest Retry-After that is obeyed, so that a mistake of an
// upstream does not switch it off for a day.
const maxRetryAfter = 5 * time.Minute

// retryAfter parses Retry-After, in seconds or as a date (RFC 9110 §10.2.3); 0 if it is
// missing or malformed.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if at, err := http.ParseTime(v); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return min(DeltaSeconds(v), maxRetryAfter)
}

// DeltaSeconds parses delta-seconds (RFC 9111 §1.2.2). It returns 0 if v is not a
// number, and MaxDelta if it is too large.
func DeltaSeconds(v string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 31)
	if errors.Is(err, strconv.ErrRange) {
		return MaxDelta
	}
	return time.Duration(n) * time.Second // 0 with any other error
}
