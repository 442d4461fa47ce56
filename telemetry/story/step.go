package story

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// What is the kind of a step.
type What string

// The kinds of steps, with the fields of Step that each has.
const (
	Request        What = "request"       // Upstream, Text: method and route; N: retries before it
	Hedge          What = "hedge"         // Upstream, Text
	Answer         What = "answered"      // Status, Took
	Failed         What = "failed"        // Code, Text: detail, Took
	Retry          What = "retry"         // Code, Took: the delay
	RetryRefused   What = "retry_refused" //
	HedgeRefused   What = "hedge_refused" //
	HedgeWon       What = "hedge_won"     //
	BreakerChanged What = "breaker"       // Text: the new state
	NotAsked       What = "not_asked"     // Code, Text: detail, Took: for how long; our own policies refused the call
	GaveUp         What = "gave_up"       // Took: after which time
	Joined         What = "joined"        // Text: the other trace's id
	Refresh        What = "refresh"       //
	Fallback       What = "stale"         // Code, Took: the age
	FromMemory     What = "memory"        // made when a story is read
	FromReplica    What = "shared"        // the cache that replicas share had it
)

// Step is one thing that happened. Its text is made when it is read.
type Step struct {
	What     What
	Source   string
	Upstream string
	Text     string
	Code     string
	Status   int
	N        int
	Took     time.Duration
	at       time.Duration // since the story began
}

// text says in words what happened.
func (s *Step) text() string {
	switch s.What {
	case Request:
		if s.N > 0 {
			return fmt.Sprintf("asked %s again, %s", s.Upstream, s.Text)
		}
		return fmt.Sprintf("asked %s, %s", s.Upstream, s.Text)
	case Hedge:
		return fmt.Sprintf("asked %s a second time, because the first request takes long, %s", s.Upstream, s.Text)
	case Answer:
		if s.Status == http.StatusNotModified {
			return "answered 304 after " + Duration(s.Took) + ": what is stored is still valid"
		}
		return fmt.Sprintf("answered %d after %s", s.Status, Duration(s.Took))
	case Failed:
		return fmt.Sprintf("failed after %s: %s", Duration(s.Took), s.Text)
	case Retry:
		return fmt.Sprintf("asks again after %s, because of %s", Duration(s.Took), Cause(s.Code))
	case RetryRefused:
		return "does not ask again: there were too many retries of late"
	case HedgeRefused:
		return "does not ask a second time: the limits do not allow it"
	case HedgeWon:
		return "the second request answered first"
	case BreakerChanged:
		return "the circuit breaker is " + strings.ReplaceAll(s.Text, "_", "-") + " now"
	case NotAsked:
		text := s.Text
		if !strings.HasPrefix(text, "not asked") {
			text = "not asked: " + text
		}
		if s.Took > 0 {
			text += ", for " + Duration(s.Took) + " more"
		}
		return text
	case GaveUp:
		return fmt.Sprintf("stopped waiting after %s", Duration(s.Took))
	case Joined:
		if s.Text == "" {
			return "waits for a fetch that another request began"
		}
		return "waits for a fetch that another request began, trace " + s.Text
	case Refresh:
		return "is refreshed in the background"
	case Fallback:
		return fmt.Sprintf("serves the stored answer, %s old, because of %s", Duration(s.Took), Cause(s.Code))
	case FromReplica:
		return "another replica has stored an answer, which is served"
	}
	return s.Text
}

// causes are error codes in words that follow "because of".
var causes = map[string]string{
	"timeout":          "a time-out",
	"connection":       "a failed connection",
	"rate_limited":     "too many requests",
	"unauthorized":     "refused credentials",
	"forbidden":        "refused access",
	"not_found":        "an answer that it does not exist",
	"bad_request":      "a refused request",
	"server_error":     "an error of its server",
	"invalid_response": "an invalid answer",
	"no_data":          "an answer without data",
	"circuit_open":     "the open circuit breaker",
	"overloaded":       "too many calls in flight",
	"canceled":         "a canceled request",
}

// Cause is an error code in words that follow "because of".
func Cause(code string) string {
	if words, ok := causes[code]; ok {
		return words
	}
	return "an error (" + code + ")"
}

// Duration is a duration as people say it: 12 ms, 1.5 s, 21 min, 3 h.
func Duration(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(d.Microseconds())/1e3), ".0") + " ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Round(time.Hour)/time.Hour))
	}
	return fmt.Sprintf("%d days", int(d.Round(24*time.Hour)/(24*time.Hour)))
}
