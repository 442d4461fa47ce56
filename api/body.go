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

// readBody reads the whole body, up to the size set by limitBody and until the
// time set by limitReading.
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

// isIncomplete reports whether err may say that the body did not arrive in full.
func isIncomplete(err error) bool {
	code := asProblem(err).Code
	return code == requestTimeout.Code || code == invalidBody.Code
}

// limitReading sets a deadline for reading the body. It is needed because the
// server's ReadTimeout is longer than the budget of one request.
func limitReading(w http.ResponseWriter, r *http.Request, by time.Time) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	if connection := http.NewResponseController(w); connection.SetReadDeadline(by) == nil {
		r.Body = &deadlineBody{r.Body, connection}
	}
}

// deadlineBody clears the connection's read deadline once the body is read:
// net/http keeps reading afterwards to notice a client that disconnects.
type deadlineBody struct {
	io.ReadCloser
	connection *http.ResponseController
}

func (b *deadlineBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.connection.SetReadDeadline(time.Time{}) // setting it worked, so clearing it does
	}
	return n, err
}

// unsupportedBody checks the body's media type and content coding; the error is a 415.
func unsupportedBody(r *http.Request, mediaTypes ...string) error {
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
