package call

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// Response is a complete answer of an upstream. Its body is read, up to a bound, and
// closed.
type Response struct {
	Status int
	Header http.Header
	Body   []byte    // valid while the answer is read: the next answer may overwrite it
	At     time.Time // when the body had been read

	buffer *bytes.Buffer // has the body; nil: none
}

// maxBuffer is the greatest buffer that is used again. Larger answers are rare, and would
// keep their memory for small ones.
const maxBuffer = 256 << 10

// buffers are for the bodies of answers.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// errTooLong is the error for a body beyond the bound.
var errTooLong = errors.New("too long")

// readBody reads a body to its bound, into a buffer that is used again after release. A
// buffer that is large enough from the beginning is read into with few system calls.
func (r *Response) readBody(resp *http.Response) error {
	r.buffer = buffers.Get().(*bytes.Buffer)
	r.buffer.Reset()
	if n := resp.ContentLength; n >= 0 && n <= maxBody { // unknown where the transport decompresses
		r.buffer.Grow(int(n) + bytes.MinRead)
	}
	n, err := r.buffer.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	if err == nil && n > maxBody {
		err = errTooLong
	}
	if err != nil {
		r.release()
		return err
	}
	r.Body = bytes.TrimPrefix(r.buffer.Bytes(), byteOrderMark)
	return nil
}

// release gives the buffer of a body back, once nothing reads the body any more.
func (r *Response) release() {
	if r.buffer != nil && r.buffer.Cap() <= maxBuffer {
		buffers.Put(r.buffer)
	}
	r.buffer, r.Body = nil, nil
}
