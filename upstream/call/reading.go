package call

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
)

// read reads the answer to r.
func (a *attempt) read(r *http.Request, resp Response) (result *Result, fault *failure, again bool) {
	conditional := r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != ""
	confirmed := resp.Status == http.StatusNotModified && conditional
	accepted := resp.Status >= 400 && a.Accepts != nil && a.Accepts(resp.Status)
	if (resp.Status < 200 || resp.Status >= 300) && !accepted {
		again = a.call.Again != nil && a.call.Again(resp)
		if again || !confirmed {
			return nil, a.status(resp), again
		}
	}
	value, err := a.call.Read(resp)
	if err != nil {
		return nil, readFailure(err, resp), false
	}
	return &Result{Value: value, Status: resp.Status}, nil, false
}

// status turns an answer that is neither a value nor a confirmation into a failure.
// The endpoint's Refusal decides first, then the HTTP status.
func (a *attempt) status(r Response) *failure {
	if r.Status >= 400 && a.Refusal != nil {
		if e := a.Refusal(r); e != nil {
			f := &failure{public: *e}
			f.Status = r.Status
			return f
		}
	}
	if a.Private || a.Write {
		return statusFailure(r, nil)
	}
	return statusFailure(r, a.secrets)
}

// readFailure keeps an *Error returned by Read; any other error becomes
// invalid_response. If the body is valid JSON, a retry would get the same, so the
// failure is final. If it is not JSON, a retry may reach a healthy node.
func readFailure(err error, r Response) *failure {
	var e *Error
	if errors.As(err, &e) {
		f := &failure{public: *e}
		f.Status = r.Status
		return f
	}
	f := &failure{public: *Invalid(err)}
	f.Status = r.Status
	f.final = jsontext.Value(r.Body).IsValid(lenient)
	return f
}
