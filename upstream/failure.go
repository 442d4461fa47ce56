package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// connectionError says what went wrong below HTTP in words of our own: the
// error's text holds the URL, and with it, for some providers, the key.
func connectionError(err error) *Error {
	var (
		dns    *net.DNSError
		netErr net.Error
	)
	if e := tlsError(err); e != nil {
		return e
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Errorf(CodeCanceled, "the request was canceled")
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
	}
	return Errorf(CodeConnection, "connection failed")
}

// tlsError names the reason of a failed TLS handshake, nil if it was not one.
// The next handshake would fail in the same way, so it is not repeated.
func tlsError(err error) *Error {
	var (
		invalid  x509.CertificateInvalidError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		cert     *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		alert    tls.AlertError
		reason   string
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		reason = "its certificate has expired or is not valid yet"
	case errors.As(err, &unknown):
		reason = "its certificate is signed by an unknown authority"
	case errors.As(err, &hostname):
		reason = "its certificate is for another host"
	case errors.As(err, &invalid), errors.As(err, &cert):
		reason = "its certificate is not valid"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		reason = "the server does not speak TLS on this port"
	case errors.As(err, &alert):
		reason = "the server refused it: " + strings.TrimPrefix(alert.Error(), "tls: ")
	default:
		return nil
	}
	return Errorf(CodeConnection, "TLS handshake failed: %s", reason).asFinal()
}

// statusError is what a status outside 200 to 299 means by HTTP. Its detail has
// the provider's own reason unless that may be about a person.
func (c *client) statusError(r Response, withReason bool) *Error {
	code := CodeBadRequest
	switch {
	case r.Status < 200 || r.Status == http.StatusNotModified:
		return &Error{Code: CodeInvalidResponse, Status: r.Status, Detail: fmt.Sprintf("unexpected status %d", r.Status)}
	case r.Status < 400:
		e := &Error{Code: CodeInvalidResponse, Status: r.Status, Detail: fmt.Sprintf("redirect (%d) that is not followed", r.Status)}
		return e.asFinal()
	case r.Status == http.StatusUnauthorized:
		code = CodeUnauthorized
	case r.Status == http.StatusForbidden && saysRateLimit(r.Body):
		code = CodeRateLimited
	case r.Status == http.StatusForbidden, r.Status == http.StatusUnavailableForLegalReasons:
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
	if withReason {
		if reason := c.reason(r); reason != "" {
			e.Detail += ": " + reason
		}
	}
	if code == CodeRateLimited || code == CodeServerError {
		e.RetryAfter = retryAfter(r.Header, r.At)
	}
	return e
}
