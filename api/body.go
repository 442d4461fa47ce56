package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// readBody reads the whole body of a request, up to the bound that limitBody
// has set and until the time that limitReading has set.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, bodyTooLarge.with("the body may have 1 MiB at most")
	case errors.Is(err, os.ErrDeadlineExceeded):
		p := requestTimeout.with("the body did not arrive in time; send the whole request again")
		p.header = http.Header{"Connection": {"close"}} // the rest of the body may still come
		return nil, p
	case err != nil:
		return nil, invalidBody.with("the body ended before it was complete")
	}
	return body, nil
}

// limitReading ends the reading of a request's body at a time. The server's own
// ReadTimeout is longer than the budget of a request.
func limitReading(w http.ResponseWriter, r *http.Request, by time.Time) {
	connection := http.NewResponseController(w)
	if r.Body == nil || r.Body == http.NoBody || connection.SetReadDeadline(by) != nil {
		return
	}
	r.Body = &timedBody{r.Body, connection}
}

// timedBody lifts the read deadline of its connection once it has been read:
// net/http goes on reading, to see whether the caller leaves.
type timedBody struct {
	io.ReadCloser
	connection *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.connection.SetReadDeadline(time.Time{}) // it could be set, so it can be lifted
	}
	return n, err
}

// mustBe is the problem of a body in another media type or content coding.
func mustBe(r *http.Request, mediaTypes ...string) error {
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := parameters["charset"]
	if err != nil || !slices.Contains(mediaTypes, mediaType) || charset != "" && !strings.EqualFold(charset, "utf-8") {
		p := unsupportedMediaType.with("the body must be " + mediaTypes[0] + ", in UTF-8")
		p.header = http.Header{"Accept": mediaTypes} // RFC 9110 §15.5.16
		return p
	}
	for coding := range strings.SplitSeq(strings.Join(r.Header.Values("Content-Encoding"), ","), ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			p := unsupportedMediaType.with("the body must not be compressed; send it without Content-Encoding")
			p.header = http.Header{"Accept-Encoding": {"identity"}} // RFC 9110 §12.5.3
			return p
		}
	}
	return nil
}
