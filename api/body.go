package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// readBody reads the whole body of a request, to the bound that limitBody set.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, bodyTooLarge.with("the body may have 1 MiB at most")
	case err != nil:
		return nil, invalidBody.with("the body ended before it was complete")
	}
	return body, nil
}

// mustBe is the problem of a body of another media type.
func mustBe(r *http.Request, mediaTypes ...string) error {
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := parameters["charset"]
	if err != nil || !slices.Contains(mediaTypes, mediaType) || charset != "" && !strings.EqualFold(charset, "utf-8") {
		p := unsupportedMediaType.with("the body must be " + mediaTypes[0] + ", in UTF-8")
		p.header = http.Header{"Accept": mediaTypes} // RFC 9110 §15.5.16
		return p
	}
	return nil
}
