package sim

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
)

const jsonUTF8 = "application/json; charset=utf-8"

// provider is one simulated service: how it answers and the form of its errors. Its
// functions are called concurrently.
type provider struct {
	name        string
	contentType string // content type of its successful answers

	answer func(*http.Request) answer

	// fail returns an error of the given status, 400 to 599.
	fail func(status int) answer

	// refuse returns the error of a fault, by what its match is about; nil: fail.
	refuse func(match string, status int) answer

	// route returns the pattern of a request's path; nil: those of routes are used.
	route func(*http.Request) string

	// overQuota returns the error for a call over the quota; nil if the provider counts
	// calls itself.
	overQuota func(Quota) answer
}

// answer is a complete response. It is not sent at once, so that a fault can change it.
type answer struct {
	status int
	header http.Header // may be nil
	body   []byte
}

func (a answer) write(w http.ResponseWriter) {
	a.writeHead(w)
	_, _ = w.Write(a.body) // fails only when the client has disconnected
}

// writeHead announces the length of the whole body, even if less will be sent.
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

// bytesAnswer is an answer with an encoded body.
func bytesAnswer(status int, contentType string, body []byte) answer {
	return answer{status: status, body: body}.with("Content-Type", contentType)
}

// jsonAnswer encodes value, which must have a JSON form.
func jsonAnswer(status int, value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		return bytesAnswer(http.StatusInternalServerError, jsonUTF8, []byte("{}"))
	}
	return bytesAnswer(status, jsonUTF8, body)
}

// readOnly answers GET and HEAD, and other methods with the provider's 405.
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

// matchesETag compares If-None-Match weakly (RFC 9110, 13.1.2).
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

// coordinate parses a finite decimal number within ±limit.
func coordinate(text string, limit float64) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && math.Abs(v) <= limit // false for NaN
}

// round rounds to a number of decimals and returns 0 for negative zero.
func round(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(v*scale)/scale + 0
}

// appendFixed appends a number with a fixed number of decimals.
func appendFixed(b []byte, v float64, decimals int) []byte {
	return strconv.AppendFloat(b, round(v, decimals), 'f', decimals, 64)
}
