package call

import (
	"net/http"
	"time"
)

// Response is one whole answer of an upstream: its body is read, to its bound,
// and closed.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	At     time.Time // when it had been read
}
