package call

import (
	"net/http"
	"time"
)

// Response is a complete answer of an upstream. Its body is read, up to a bound, and
// closed.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	At     time.Time // when the body had been read
}
