package sim

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
)

const jsonUTF8 = "application/json; charset=utf-8"

// provider is all that one simulated service knows: how it answers and how it
// words its errors. Its functions are called concurrently.
type provider struct {
	name        string
	contentType string // of its good answers

	answer func(*http.Request) answer

	// fail words an error of the given status, 400 to 599.
	fail func(status int) answer

	// overQuota words the refusal of a call too many; nil where the provider
	// counts by itself.
	overQuota func(Quota) answer
}

// answer is one whole response, held back so that a fault can spoil it.
type answer struct {
	status int
	header http.Header // may be nil
	body   []byte
}

func (a answer) write(w http.ResponseWriter) {
	a.writeHead(w)
	_, _ = w.Write(a.body) // the client may have gone
}

// writeHead promises the whole body, whatever of it will follow.
func (a answer) writeHead(w http.ResponseWriter) {
	head := w.Header()
	for name, values := range a.header {
		head[name] = values
	}
	if len(a.body) > 0 {
		head.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
}

// with adds a header and returns the answer.
func (a answer) with(name, value string) answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(name, value)
	return a
}

// bytesAnswer is a body that is already written.
func bytesAnswer(status int, contentType string, body []byte) answer {
	return answer{status: status, body: body}.with("Content-Type", contentType)
}

// jsonAnswer encodes a value of ours, which has nothing that JSON cannot say.
func jsonAnswer(status int, value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		return bytesAnswer(http.StatusInternalServerError, jsonUTF8, []byte("{}"))
	}
	return bytesAnswer(status, jsonUTF8, body)
}

// readOnly answers GET and HEAD; anything else is refused as the provider
// words it.
func readOnly(p provider) provider {
	next := p.answer
	p.answer = func(r *http.Request) answer {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return p.fail(http.StatusMethodNotAllowed).with("Allow", "GET, HEAD")
		}
		return next(r)
	}
	return p
}

// matchesETag is If-None-Match by weak comparison (RFC 9110, 13.1.2).
func matchesETag(r *http.Request, etag string) bool {
	for _, line := range r.Header.Values("If-None-Match") {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
			if candidate == "*" || candidate == strings.TrimPrefix(etag, "W/") {
				return true
			}
		}
	}
	return false
}

// coordinate reads a finite decimal within ±limit.
func coordinate(text string, limit float64) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && math.Abs(v) <= limit // NaN is in no range
}

// round to a number of decimals, without a negative zero.
func round(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(v*scale)/scale + 0
}

// appendFixed writes a number with a fixed number of decimals.
func appendFixed(b []byte, v float64, decimals int) []byte {
	return strconv.AppendFloat(b, round(v, decimals), 'f', decimals, 64)
}
