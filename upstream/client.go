package upstream

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// maxBody bounds a decompressed answer. The largest real one, MET Norway's
// forecast, has 50 kB.
const maxBody = 4 << 20

// maxRedirects is how many redirects within a host are followed.
const maxRedirects = 3

// byteOrderMark may stand before JSON, and means nothing (RFC 8259 §8.1).
var byteOrderMark = []byte("\xef\xbb\xbf")

// client sends one request to one upstream and reads the whole answer.
type client struct {
	base        *url.URL
	userAgent   string
	credentials func(*http.Request)
	http        *http.Client
}

// NewTransport is a connection pool for many calls to few hosts. One may be
// shared by all upstreams.
func NewTransport(connectTimeout time.Duration, connsPerHost int) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: connectTimeout,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        0, // no bound over all hosts: there are few
		MaxIdleConnsPerHost: connsPerHost,
		IdleConnTimeout:     90 * time.Second,
		// An HTTP/2 connection whose peer has vanished would otherwise be
		// given every request until TCP notices, minutes later.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 2 * time.Second},
	}
}

func newClient(cfg Config) *client {
	transport := cfg.Transport
	if transport == nil {
		transport = NewTransport(time.Second, cfg.Policies.MaxConcurrent)
	}
	return &client{
		base:        cfg.BaseURL,
		userAgent:   cfg.UserAgent,
		credentials: cfg.Credentials,
		http:        &http.Client{Transport: transport, CheckRedirect: sameHost},
	}
}

// sameHost lets a redirect through when it stays on the host, and drops neither
// TLS nor the method: a DELETE that became a GET would pass for done. Others
// come back as the 3xx they are: our credentials go nowhere else.
func sameHost(r *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	if len(via) > maxRedirects || r.Method != via[0].Method || r.URL.Host != from.Host || (from.Scheme == "https" && r.URL.Scheme != "https") {
		return http.ErrUseLastResponse
	}
	return nil
}

// prepare turns a provider's relative request into one that can be sent, but
// for its credentials.
func (c *client) prepare(r *http.Request) {
	r.URL.Scheme, r.URL.Host, r.Host = c.base.Scheme, c.base.Host, ""
	prefix := strings.TrimSuffix(c.base.EscapedPath(), "/")
	if prefix != "" {
		joined := prefix + r.URL.EscapedPath()
		r.URL.Path, _ = url.PathUnescape(joined) // both were valid
		r.URL.RawPath = joined
	}
	if c.userAgent != "" {
		r.Header.Set("User-Agent", c.userAgent)
	}
}

// do sends r, reads the answer to its bound and closes it. The error has been
// stripped of URLs; when ctx is done, the caller knows better than the error.
func (c *client) do(r *http.Request) (Response, *Error) {
	if c.credentials != nil {
		c.credentials(r)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return Response{}, connectionError(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Response{}, Errorf(CodeInvalidResponse, "the answer was cut off")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, new(flate.CorruptInputError)):
		return Response{}, Errorf(CodeInvalidResponse, "the answer is not compressed as it says")
	case err != nil:
		return Response{}, connectionError(err)
	case len(body) > maxBody:
		return Response{}, Errorf(CodeInvalidResponse, "the answer has more than %d MiB", maxBody>>20)
	}
	body = bytes.TrimPrefix(body, byteOrderMark)
	return Response{Status: resp.StatusCode, Header: resp.Header, Body: body, At: time.Now()}, nil
}

// connectionError says what went wrong beneath HTTP in words of our own: the
// error's text holds the URL, and with it, for some providers, the key.
func connectionError(err error) *Error {
	var (
		dns     *net.DNSError
		netErr  net.Error
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return Errorf(CodeCanceled, "no longer wanted")
	case errors.As(err, &dns) && !dns.IsTimeout:
		return Errorf(CodeConnection, "host name not resolved")
	case errors.As(err, &netErr) && netErr.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return Errorf(CodeTimeout, "no answer in time")
	case errors.Is(err, syscall.ECONNREFUSED):
		return Errorf(CodeConnection, "connection refused")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Errorf(CodeConnection, "connection reset")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Errorf(CodeConnection, "host not reachable")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Errorf(CodeConnection, "connection closed before the answer")
	case errors.As(err, &cert), errors.As(err, &unknown), errors.As(err, &record):
		return Errorf(CodeConnection, "TLS handshake failed")
	}
	return Errorf(CodeConnection, "connection failed")
}

// statusError is what a status outside 200 to 299 means by HTTP.
func statusError(r Response) *Error {
	code := CodeBadRequest
	switch {
	case r.Status < 200 || r.Status == http.StatusNotModified:
		return &Error{Code: CodeInvalidResponse, Status: r.Status, Detail: fmt.Sprintf("unexpected status %d", r.Status)}
	case r.Status < 400:
		return &Error{Code: CodeInvalidResponse, Status: r.Status, Detail: fmt.Sprintf("redirect (%d) that is not followed", r.Status)}
	case r.Status == http.StatusUnauthorized:
		code = CodeUnauthorized
	case r.Status == http.StatusForbidden:
		code = CodeForbidden
	case r.Status == http.StatusNotFound, r.Status == http.StatusGone:
		code = CodeNotFound
	case r.Status == http.StatusRequestTimeout:
		code = CodeTimeout
	case r.Status == http.StatusTooManyRequests:
		code = CodeRateLimited
	case r.Status >= 500:
		code = CodeServerError
	}
	e := &Error{Code: code, Status: r.Status, Detail: fmt.Sprintf("answered %d", r.Status)}
	if text := http.StatusText(r.Status); text != "" {
		e.Detail += " " + text
	}
	if code == CodeRateLimited || code == CodeServerError {
		e.RetryAfter = retryAfter(r.Header, r.At)
	}
	return e
}
