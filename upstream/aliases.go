package upstream

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream/call"
)

// These names of package call are repeated here because every provider needs them: a
// description of an upstream, its requests and its answers then needs one import.
type (
	Response    = call.Response
	Error       = call.Error
	Code        = call.Code
	Scope       = call.Scope
	Policies    = call.Policies
	Quota       = call.Quota
	QuotaStatus = call.QuotaStatus
	Breaker     = call.Breaker
)

// The codes of errors, and what a failure keeps from being asked for a while; see
// call.Code and call.Scope.
const (
	CodeTimeout         = call.CodeTimeout
	CodeConnection      = call.CodeConnection
	CodeRateLimited     = call.CodeRateLimited
	CodeUnauthorized    = call.CodeUnauthorized
	CodeForbidden       = call.CodeForbidden
	CodeNotFound        = call.CodeNotFound
	CodeBadRequest      = call.CodeBadRequest
	CodeServerError     = call.CodeServerError
	CodeInvalidResponse = call.CodeInvalidResponse
	CodeNoData          = call.CodeNoData
	CodeCircuitOpen     = call.CodeCircuitOpen
	CodeOverloaded      = call.CodeOverloaded
	CodeCanceled        = call.CodeCanceled
	CodeNotCached       = call.CodeNotCached

	ThisKey      = call.ThisKey
	ThisSource   = call.ThisSource
	ThisUpstream = call.ThisUpstream
)

// Errorf makes an Error; see call.Errorf.
func Errorf(code Code, format string, args ...any) *Error { return call.Errorf(code, format, args...) }

// DecodeJSON reads a body that is one JSON value; see call.DecodeJSON.
func DecodeJSON(body []byte, open byte, into any) error { return call.DecodeJSON(body, open, into) }

// KindName names a kind of JSON value in words; see call.KindName.
func KindName(k jsontext.Kind) string { return call.KindName(k) }

// AsBatch marks the questions of a request for many things; see call.AsBatch.
func AsBatch(ctx context.Context, until time.Time) context.Context { return call.AsBatch(ctx, until) }

// NewTransport is a connection pool; see call.NewTransport.
func NewTransport(connectTimeout time.Duration, connsPerHost int) *http.Transport {
	return call.NewTransport(connectTimeout, connsPerHost)
}
