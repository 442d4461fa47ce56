package api

import (
	"bytes"
	"strconv"
	"time"
)

// eventStream is the media type of server-sent events (HTML, §9.2).
const eventStream = "text/event-stream"

// comment is a line that clients ignore. It shows both sides that the connection is
// still there.
const comment = ":\n\n"

// newEvent is an event with a body as its data. Each line of the body is a line of the
// event, so a line break of any kind arrives as \n. An empty id makes clients forget
// the id of the event before.
func newEvent(name, id string, body []byte) []byte {
	b := make([]byte, 0, len(name)+len(id)+len(body)+32)
	b = append(b, "event: "...)
	b = append(b, name...)
	b = append(b, "\nid: "...)
	b = append(b, id...)
	body = bytes.TrimSuffix(bytes.TrimSuffix(body, []byte("\n")), []byte("\r"))
	for more := true; more; {
		var line []byte
		line, body, more = cutLine(body)
		b = append(b, "\ndata: "...)
		b = append(b, line...)
	}
	return append(b, "\n\n"...)
}

// cutLine cuts text after its first line, which ends with \r\n, \n or \r. more is false
// if there is no line break.
func cutLine(text []byte) (line, rest []byte, more bool) {
	i := bytes.IndexAny(text, "\r\n")
	if i < 0 {
		return text, nil, false
	}
	if bytes.HasPrefix(text[i:], []byte("\r\n")) {
		return text[:i], text[i+2:], true
	}
	return text[:i], text[i+1:], true
}

// newRetry tells the client how long to wait before it connects again.
func newRetry(wait time.Duration) []byte {
	b := strconv.AppendInt([]byte("retry: "), wait.Milliseconds(), 10)
	return append(b, "\n\n"...)
}
