package weather

import (
	"net/http"
	"strings"
	"time"

	"tributary/upstream"
)

// OpenMeteoRefusal reads what Open-Meteo says only in words. The texts are
// those of its source, Sources/App/Helper (ForecastapiQuery.swift and
// Vapor/RateLimiter.swift).
func OpenMeteoRefusal(r upstream.Response) *upstream.Error {
	reason := openMeteoReason(r)
	switch {
	case r.Status == http.StatusBadRequest && strings.HasPrefix(reason, "No data is available for this location"):
		return notCovered(r.Status)
	case r.Status == http.StatusTooManyRequests && r.Header.Get("Retry-After") == "":
		return openMeteoLimit(reason, r.At)
	}
	return nil
}

func openMeteoReason(r upstream.Response) string {
	var a struct {
		Reason text `json:"reason"`
	}
	if upstream.DecodeJSON(r.Body, '{', &a) != nil {
		return ""
	}
	return string(a.Reason)
}

// openMeteoLimit returns the error of a limit and how long it lasts. The server
// resets its counters at each full minute, hour and day; its limit of concurrent
// calls ends when another call ends. An unknown reason gives nil.
func openMeteoLimit(reason string, now time.Time) *upstream.Error {
	until := func(window time.Duration) time.Duration { return now.Truncate(window).Add(window).Sub(now) }
	limited := func(wait time.Duration, detail string) *upstream.Error {
		return &upstream.Error{Code: upstream.CodeRateLimited, Detail: detail, Status: http.StatusTooManyRequests, RetryAfter: wait}
	}
	switch {
	case strings.HasPrefix(reason, "Minutely"):
		return limited(time.Minute, "quota for this minute exhausted") // "Please try again in one minute."
	case strings.HasPrefix(reason, "Hourly"):
		return limited(until(time.Hour), "quota for this hour exhausted") // "Please try again in the next hour."
	case strings.HasPrefix(reason, "Daily"):
		return limited(until(24*time.Hour), "quota for this day (UTC) exhausted") // "Please try again tomorrow."
	case strings.HasPrefix(reason, "Too many concurrent requests"):
		return limited(time.Second, "too many calls at the same time")
	}
	return nil
}

// notCovered is the error for a place that the provider has no data for.
func notCovered(status int) *upstream.Error {
	return &upstream.Error{Code: upstream.CodeNotFound, Detail: "does not cover this location", Status: status}
}
