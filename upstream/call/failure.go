package call

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// public is another name of Error, because an embedded field named Error would hide the
// method Error.
type public = Error

// failure is an Error with fields for the policies, which do not leave the package.
type failure struct {
	public // what leaves the package

	final     bool          // a retry would fail in the same way, or is not allowed
	backoff   time.Duration // before a retry
	others    bool          // another attempt of the same call was still running
	unfunded  bool          // the retry budget did not allow a retry
	logged    bool          // it has been logged with more than its detail
	refused   bool          // our own policies did not let the call through
	quota     bool          // and that because our quota is used up
	uncounted bool          // not for the breaker: an invalid answer whose key it has counted, or our own fault
}

func failuref(code Code, format string, args ...any) *failure {
	return &failure{public: *Errorf(code, format, args...)}
}

// asFinal marks a failure that a retry would get again.
func (f *failure) asFinal() *failure {
	f.final = true
	return f
}

// passing reports whether the failure is temporary: another request may succeed.
func (f *failure) passing() bool { return f.Unwell() || f.Code == CodeRateLimited }

// refusesUs reports whether the upstream works, and refuses to answer us: by 401, 403, 451
// or 429.
func (f *failure) refusesUs() bool {
	switch f.Code {
	case CodeUnauthorized, CodeForbidden, CodeRateLimited:
		return true
	}
	return false
}

// repeatable reports whether a retry may help. After a 429 it does so only with a
// Retry-After.
func (f *failure) repeatable() bool {
	return f.Unwell() || f.Code == CodeRateLimited && f.RetryAfter > 0
}

// connectionFailure describes an error below HTTP. It does not use the error's text,
// which has the URL and so, for some providers, the key.
func connectionFailure(err error) *failure {
	var (
		dns    *net.DNSError
		netErr net.Error
	)
	if f := tlsFailure(err); f != nil {
		return f
	}
	switch {
	case errors.Is(err, context.Canceled):
		return failuref(CodeCanceled, "the request was canceled")
	case headerTooLarge(err):
		return failuref(CodeInvalidResponse, "the answer's header has more than %d KiB", maxHeader>>10).asFinal()
	case strings.Contains(err.Error(), "connection error: "): // HTTP/2; it also ends other requests on the connection
		return failuref(CodeConnection, "HTTP/2 connection error, as by a header of far more than %d KiB", maxHeader>>10)
	case errors.As(err, &dns) && !dns.IsTimeout:
		return failuref(CodeConnection, "host name not resolved")
	case errors.As(err, &netErr) && netErr.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return failuref(CodeTimeout, "no answer in time")
	case errors.Is(err, syscall.ECONNREFUSED):
		return failuref(CodeConnection, "connection refused")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return failuref(CodeConnection, "connection reset")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return failuref(CodeConnection, "host not reachable")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failuref(CodeConnection, "connection closed before the answer")
	}
	return failuref(CodeConnection, "connection failed")
}

// headerTooLarge reports whether an answer's header, with the interim answers before it,
// was longer than maxHeader. net/http exports no types for these errors.
func headerTooLarge(err error) bool {
	text := err.Error()
	return strings.Contains(text, "server response headers exceeded") || // HTTP/1.1
		strings.Contains(text, "header list larger than advertised") || // HTTP/2
		strings.Contains(text, "header list too large") // HTTP/2, interim answers
}

// tlsFailure returns the failure of a TLS handshake, nil for other errors. It is final,
// because the next handshake would fail in the same way.
func tlsFailure(err error) *failure {
	var (
		invalid  x509.CertificateInvalidError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		cert     *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		alert    *net.OpError
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
	case errors.As(err, &alert) && alert.Op == "remote error": // so crypto/tls marks an alert of the server
		reason = "the server refused it: " + strings.TrimPrefix(alert.Err.Error(), "tls: ")
	default:
		return nil
	}
	return failuref(CodeConnection, "TLS handshake failed: %s", reason).asFinal()
}
