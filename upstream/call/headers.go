package call

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxDelta bounds every time that a header names: "until the year 9999" must not
// overflow when something is added to it.
const MaxDelta = (1<<31 - 1) * time.Second

// maxRetryAfter caps how long a Retry-After is obeyed: one zero too many
// must not switch an upstream off for a day.
const maxRetryAfter = 5 * time.Minute

// retryAfter is the wait that a Retry-After asks for, in seconds or as a date
// (RFC 9110 §10.2.3); 0 when there is none, or none that can be read.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if at, err := http.ParseTime(v); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return min(DeltaSeconds(v), maxRetryAfter)
}

// DeltaSeconds reads delta-seconds (RFC 9111 §1.2.2): what is not a number is
// 0, what is too large is as large as can be.
func DeltaSeconds(v string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 31)
	if errors.Is(err, strconv.ErrRange) {
		return MaxDelta
	}
	return time.Duration(n) * time.Second // 0 with any other error
}
