package sim

import (
	"net/http"
	"strings"
	"time"
)

// openMeteoFailure is an error that is not caused by the request.
func openMeteoFailure(status int) answer {
	switch status {
	case http.StatusTooManyRequests:
		return openMeteoOverQuota(Quota{Per: time.Minute})
	case http.StatusServiceUnavailable:
		return openMeteoError(status, "The service is overloaded. Please try again later.")
	default:
		return openMeteoError(status, http.StatusText(status))
	}
}

// openMeteoRefusal is the error of a fault whose match names a part of the request: a 400
// to timezone= is about the zone, as for places whose zone is newer than its zone data.
func openMeteoRefusal(match string, status int) answer {
	if status == http.StatusBadRequest && strings.Contains(match, "timezone") {
		return openMeteoError(status, "Invalid timezone")
	}
	return openMeteoFailure(status)
}

// openMeteoOverQuota states the wait only in its text; there is no Retry-After.
func openMeteoOverQuota(q Quota) answer {
	reason := "Daily API request limit exceeded. Please try again tomorrow."
	switch {
	case q.Per <= time.Minute:
		reason = "Minutely API request limit exceeded. Please try again in one minute."
	case q.Per <= time.Hour:
		reason = "Hourly API request limit exceeded. Please try again in the next hour."
	}
	return openMeteoError(http.StatusTooManyRequests, reason)
}

func openMeteoError(status int, reason string) answer {
	return jsonAnswer(status, struct {
		Error  bool   `json:"error"`
		Reason string `json:"reason"`
	}{true, reason})
}
