package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Mode is the way in which a provider's answers are broken.
type Mode string

// The modes. In every mode the request is carried out first: a write has its effect
// even if its answer is never sent.
const (
	ModeOK       Mode = "ok"
	ModeHang     Mode = "hang"     // never answers; the connection closes when the fault changes
	ModeReset    Mode = "reset"    // ends the connection with a TCP reset
	ModeTruncate Mode = "truncate" // announces the whole body and sends half of it
	ModeGarbage  Mode = "garbage"  // 200 with the right content type and a body that is not JSON
	ModeDrip     Mode = "drip"     // sends the correct body with a byte every 100 ms; ends when the fault changes
	ModeDown     Mode = "down"     // not listening: connections are refused
)

// Fault is how a provider misbehaves. The zero Fault is a healthy provider. For
// each request it is drawn whether it fails with Status; if not, Mode applies. Both
// happen after the latency.
type Fault struct {
	LatencyMS   int     `json:"latency_ms"`    // delay before every answer, errors included
	JitterMS    int     `json:"jitter_ms"`     // greatest random addition to the delay
	ErrorRate   float64 `json:"error_rate"`    // share of requests that fail with Status, 0 to 1
	Status      int     `json:"status"`        // status of these errors, 400 to 599; 0: 500
	RetryAfterS int     `json:"retry_after_s"` // their Retry-After in seconds; 0: none
	Mode        Mode    `json:"mode"`          // empty: ok
	Match       string  `json:"match"`         // only requests whose URL contains it are affected; empty: all
	ForS        int     `json:"for_s"`         // seconds after which the fault ends by itself; 0: never
}

// The greatest delay, Retry-After and duration, a day; more is a typing error.
const (
	maxDelayMS     = 24 * 60 * 60 * 1000
	maxRetryAfterS = 24 * 60 * 60
	maxForS        = 24 * 60 * 60
)

func (f Fault) withDefaults() Fault {
	if f.Status == 0 {
		f.Status = http.StatusInternalServerError
	}
	if f.Mode == "" {
		f.Mode = ModeOK
	}
	return f
}

// Healthy reports whether a provider with this fault answers as usual.
func (f Fault) Healthy() bool {
	return f.withDefaults().Mode == ModeOK && f.LatencyMS == 0 && f.JitterMS == 0 && f.ErrorRate == 0
}

// Modes are all modes.
func Modes() []Mode {
	return []Mode{ModeOK, ModeHang, ModeReset, ModeTruncate, ModeGarbage, ModeDrip, ModeDown}
}

// global is the source of the global generator.
type global struct{}

func (global) Uint64() uint64 { return rand.Uint64() }

// delay draws the delay of one request.
func (f Fault) delay(draw *rand.Rand) time.Duration {
	ms := f.LatencyMS
	if f.JitterMS > 0 {
		ms += draw.IntN(f.JitterMS + 1)
	}
	return time.Duration(ms) * time.Millisecond
}

// fails decides randomly whether one request fails.
func (f Fault) fails(draw *rand.Rand) bool {
	return draw.Float64() < f.ErrorRate
}

// InvalidFault lists the mistakes in a fault by JSON field; "" is the whole fault.
type InvalidFault map[string]string

func (e InvalidFault) Error() string {
	var mistakes []string
	for _, field := range slices.Sorted(maps.Keys(e)) {
		mistakes = append(mistakes, strings.TrimSpace(field+" "+e[field]))
	}
	return "invalid fault: " + strings.Join(mistakes, ", ")
}

// check finds all mistakes in a fault after withDefaults.
func (f Fault) check() error {
	wrong := InvalidFault{}
	between := func(field string, v, least, most int) {
		if v < least || v > most {
			wrong[field] = fmt.Sprintf("must be from %d to %d", least, most)
		}
	}
	between("latency_ms", f.LatencyMS, 0, maxDelayMS)
	between("jitter_ms", f.JitterMS, 0, maxDelayMS)
	between("status", f.Status, 400, 599)
	between("retry_after_s", f.RetryAfterS, 0, maxRetryAfterS)
	between("for_s", f.ForS, 0, maxForS)
	if !(f.ErrorRate >= 0 && f.ErrorRate <= 1) { // true for NaN too
		wrong["error_rate"] = "must be from 0 to 1"
	}
	switch f.Mode {
	case ModeOK, ModeHang, ModeReset, ModeTruncate, ModeGarbage, ModeDrip, ModeDown:
	default:
		wrong["mode"] = "must be ok, hang, reset, truncate, garbage, drip or down"
	}
	if f.Mode == ModeDown && f.Match != "" {
		wrong["match"] = "must be empty with mode down, which refuses every connection"
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// ParseFault decodes a fault from JSON; absent fields keep their defaults. Its error is an
// InvalidFault with all mistakes, for which it decodes field by field.
func ParseFault(body []byte) (Fault, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return Fault{}, InvalidFault{"": "the body must be a JSON object"}
	}
	f := Fault{}.withDefaults()
	fields := map[string]any{
		"latency_ms":    &f.LatencyMS,
		"jitter_ms":     &f.JitterMS,
		"error_rate":    &f.ErrorRate,
		"status":        &f.Status,
		"retry_after_s": &f.RetryAfterS,
		"mode":          &f.Mode,
		"match":         &f.Match,
		"for_s":         &f.ForS,
	}
	wrong := InvalidFault{}
	for name, value := range members {
		field, known := fields[name]
		switch {
		case !known:
			wrong[name] = "is not a field of a fault"
		case json.Unmarshal(value, field) != nil:
			wrong[name] = "has the wrong type"
		}
	}
	if invalid, ok := f.check().(InvalidFault); ok {
		for field, why := range invalid {
			if _, said := wrong[field]; !said {
				wrong[field] = why
			}
		}
	}
	if len(wrong) > 0 {
		return Fault{}, wrong
	}
	return f, nil
}
