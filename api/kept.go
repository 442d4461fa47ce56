package api

import (
	"bytes"
	"net/http"
)

// kept is the stored answer to a request with an Idempotency-Key, as it was written.
type kept struct {
	Status int
	Header http.Header
	Body   []byte
}

// replay writes a stored answer.
func (k kept) replay(w http.ResponseWriter) {
	w.Header().Set("Idempotent-Replayed", "true")
	k.write(w)
}

func (k kept) write(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range k.Header {
		h[name] = values
	}
	w.WriteHeader(k.Status)
	_, _ = w.Write(k.Body) // fails only when the client has disconnected
}

func (k kept) size() int {
	n := len(k.Body)
	for name, values := range k.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}

// buffer is a response that is not sent yet.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newBuffer() *buffer { return &buffer{header: make(http.Header), status: http.StatusOK} }

func (b *buffer) Header() http.Header { return b.header }

func (b *buffer) WriteHeader(status int) { b.status = status }

func (b *buffer) Write(p []byte) (int, error) { return b.body.Write(p) }

func (b *buffer) kept() kept { return kept{Status: b.status, Header: b.header, Body: b.body.Bytes()} }
