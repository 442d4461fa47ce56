package call

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody bounds a decompressed answer. The largest real one, MET Norway's
// forecast, has 50 kB.
const maxBody = 4 << 20

// maxRedirects is how many redirects within a host are followed.
const maxRedirects = 3

// byteOrderMark may precede JSON and is ignored (RFC 8259 §8.1).
var byteOrderMark = []byte("\xef\xbb\xbf")

// sender sends one request to the upstream and reads the whole answer.
type sender struct {
	base        *url.URL
	userAgent   string
	credentials func(*http.Request)
	secrets     []string // what credentials adds: never to be shown
	http        *http.Client
}

func newSender(cfg Config) *sender {
	transport := cfg.Transport
	if transport == nil {
		transport = NewTransport(time.Second, cfg.Policies.MaxConcurrent)
	}
	return &sender{
		base:        cfg.BaseURL,
		userAgent:   cfg.UserAgent,
		credentials: cfg.Credentials,
		secrets:     secretsOf(cfg.Credentials),
		http:        &http.Client{Transport: renewing(transport), CheckRedirect: sameHost},
	}
}

// sameHost follows a redirect that keeps the host, TLS and the method. Other redirects
// are returned as 3xx, because credentials must not go to other hosts, and a DELETE
// that became a GET would look successful.
func sameHost(r *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	if len(via) > maxRedirects || r.Method != via[0].Method || r.URL.Host != from.Host || (from.Scheme == "https" && r.URL.Scheme != "https") {
		return http.ErrUseLastResponse
	}
	return nil
}

// prepare completes a provider's relative request, except for the credentials.
func (c *sender) prepare(r *http.Request) {
	r.URL.Scheme, r.URL.Host, r.Host = c.base.Scheme, c.base.Host, ""
	prefix := strings.TrimSuffix(c.base.EscapedPath(), "/")
	if prefix != "" {
		joined := prefix + r.URL.EscapedPath()
		r.URL.Path, _ = url.PathUnescape(joined) // both were escaped validly
		r.URL.RawPath = joined
	}
	if c.userAgent != "" {
		r.Header.Set("User-Agent", c.userAgent)
	}
}

// do sends r with credentials, reads the answer to its bound and closes it. The
// error has no URL in it. When the context is done, the attempt decides what the
// error means.
func (c *sender) do(r *http.Request, credentials func(*http.Request)) (Response, *failure) {
	if credentials != nil {
		credentials(r)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return Response{}, connectionFailure(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// The body of a 101 is the connection, and reading it would not end with the
		// request's context.
		return Response{Status: resp.StatusCode, Header: resp.Header, At: time.Now()}, nil
	}
	answer := Response{Status: resp.StatusCode, Header: resp.Header}
	err = answer.readBody(resp)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Response{}, failuref(CodeInvalidResponse, "the answer was cut off")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, new(flate.CorruptInputError)):
		return Response{}, failuref(CodeInvalidResponse, "the answer is not compressed as its Content-Encoding says")
	case errors.Is(err, errTooLong):
		return Response{}, failuref(CodeInvalidResponse, "the answer has more than %d MiB", maxBody>>20).asFinal()
	case err != nil:
		return Response{}, connectionFailure(err)
	}
	answer.At = time.Now()
	return answer, nil
}
