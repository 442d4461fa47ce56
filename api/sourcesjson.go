package api

import (
	"encoding/json"
	"strconv"
	"time"

	"tributary/upstream/aggregate"
)

// appendSources appends the sources member of meta or of a problem.
func appendSources(b []byte, sources []aggregate.Outcome) []byte {
	b = append(b, '[')
	for i := range sources {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendSource(b, &sources[i])
	}
	return append(b, ']')
}

func appendSource(b []byte, o *aggregate.Outcome) []byte {
	b = append(b, `{"name":"`...)
	b = append(b, o.Name...)
	b = append(b, `","state":"`...)
	b = append(b, o.State...)
	b = append(b, '"')
	if o.Useful() {
		b = append(b, `,"age_seconds":`...)
		b = strconv.AppendInt(b, int64(o.Age/time.Second), 10)
	}
	b = append(b, `,"latency_ms":`...)
	b = strconv.AppendInt(b, o.Latency.Round(time.Millisecond).Milliseconds(), 10)
	b = append(b, `,"attempts":`...)
	b = strconv.AppendInt(b, int64(o.Attempts), 10)
	if o.Source != "" {
		b = append(b, `,"source":"`...)
		b = append(b, o.Source...)
		b = append(b, '"')
	}
	if o.Unused {
		b = append(b, `,"used":false`...)
	}
	if o.Err != nil {
		b = append(b, `,"error":{"code":"`...)
		b = append(b, o.Err.Code...)
		b = append(b, `","detail":`...)
		b = appendString(b, o.Err.Detail)
		b = append(b, '}')
	}
	if o.Attribution != "" {
		b = append(b, `,"attribution":`...)
		b = appendString(b, o.Attribution)
	}
	if len(o.Sources) > 0 {
		b = append(b, `,"sources":`...)
		b = appendSources(b, o.Sources)
	}
	return append(b, '}')
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	if plainText(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	quoted, err := json.Marshal(s)
	if err != nil { // cannot happen: every string has a JSON form
		return append(b, `""`...)
	}
	return append(b, quoted...)
}

// plainText reports whether json.Marshal writes s without escapes. Most attributions
// and error details are such text.
func plainText(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}
